"""Turns that go on beside the test."""

from __future__ import annotations

import threading

from claude_remote.client import events
from claude_remote.client.turn import Turn


class Followed:
    """A turn that is read in the background."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self.events: list[events.Event] = []
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        for event in self._turn:
            self.events.append(event)

    def finished(self) -> events.Finished:
        self._thread.join(60)
        assert not self._thread.is_alive(), self.events[-5:]
        last = self.events[-1]
        assert isinstance(last, events.Finished), last
        return last

    def numbers(self) -> list[int]:
        """The numbers of the events, as they came."""
        return [event.cursor.seq for event in self.events if isinstance(event, (events.Line, events.Fact))]
