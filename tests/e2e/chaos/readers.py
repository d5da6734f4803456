"""Clients that read whole sessions, over connections that break."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

from claude_remote import facts
from claude_remote.client import Client, events
from claude_remote.errors import RemoteError
from tests.e2e.chaos.prompters import PATIENCE


class Reader:
    """Follows one session from its beginning; `lines` by their numbers."""

    def __init__(self, client: Client, session: str) -> None:
        self.session = session
        self.lines: dict[int, bytes] = {}
        self.wrong: list[str] = []
        self._exchange = client.attach(session, patience=PATIENCE)
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        last = 0
        try:
            for event in self._exchange:
                match event:
                    case events.Line(raw=raw, cursor=cursor):
                        line = raw
                    case events.Fact(fact=fact, cursor=cursor):
                        line = facts.encode(fact)
                    case events.Reset():
                        self.wrong.append("its numbers began anew")
                        continue
                    case _:
                        continue
                if cursor.seq != last + 1:
                    self.wrong.append(f"{cursor.seq} came after {last}")
                last = cursor.seq
                self.lines[last] = line
        except RemoteError as error:
            if not self._exchange.done:
                self.wrong.append(f"it ended with {error.code}: {error.message}")

    def compare(self, journal: dict[int, bytes]) -> Iterator[str]:
        """Wait until it has read to the journal's end, let go, and tell what differs."""
        deadline = time.monotonic() + PATIENCE
        while max(self.lines, default=0) < max(journal, default=0) and self._thread.is_alive():
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        self._exchange.done = True
        self._exchange.abort()
        self._thread.join(PATIENCE)
        yield from (f"a reader of {self.session}: {words}" for words in self.wrong)
        if self.lines.keys() != journal.keys():
            yield f"a reader of {self.session} has read {len(self.lines)} of {len(journal)} events"
        for number in self.lines.keys() & journal.keys():
            if not _same(self.lines[number], journal[number]):
                yield f"a reader of {self.session} read {self.lines[number]!r}, stored is {journal[number]!r}"


def _same(read: bytes, stored: bytes) -> bool:
    return read.rstrip(b"\n") == stored or json.loads(read) == json.loads(stored)
