"""What a session's screen shows beside what is printed: the lines that change, a heading, a goodbye."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.text import Text

from claude_remote.cli.interactive import status
from claude_remote.cli.interactive.modes import Modes
from claude_remote.cli.interactive.prompts import Prompts
from claude_remote.cli.interactive.scroll import Scroll
from claude_remote.cli.interactive.status import Styled
from claude_remote.cli.terminal import escape
from claude_remote.client.conversation import Conversation
from claude_remote.messages import SessionInfo

_TWICE_WITHIN = 2.0  # seconds between two Ctrl-C that leave


class SessionView:
    """The View of a session. What none of these parts knows it is told: the attributes.

    `fit`: makes what is painted as wide as the screen.
    """

    def __init__(
        self,
        info: SessionInfo,
        conversation: Conversation,
        scroll: Scroll,
        prompts: Prompts,
        *,
        modes: Modes,
        fit: Callable[[], None],
    ) -> None:
        self._info = info
        self._conversation = conversation
        self._scroll = scroll
        self._prompts = prompts
        self._modes = modes
        self._fit = fit
        self.cost = info.cost
        self.connected = True
        self.past = False  # what comes was before, and is not shown yet
        self.began: float | None = None  # the running turn, if its beginning was seen
        self.stopped = -_TWICE_WITHIN  # the last Ctrl-C

    @property
    def just_stopped(self) -> bool:
        """Whether another Ctrl-C leaves."""
        return time.monotonic() - self.stopped < _TWICE_WITHIN

    def heading(self) -> Text:
        """Where one is."""
        info = self._info
        return Text.assemble((escape(info.host), "bold"), f":{escape(info.cwd)} · {escape(info.name)}")

    def goodbye(self, come_back: str) -> list[str]:
        """What stays on the terminal, with the command line that comes back; nothing if nothing was said."""
        if not self._prompts.mine and not self._info.turns:
            return []
        # What is written of an answer would be gone with the part of the screen that changes.
        lines = [*self._scroll.live(1000, "●"), ""]
        if self._conversation.running or self._prompts:
            lines.append(f"The turn goes on at {escape(self._info.host)}.")
        return [*lines, f"Come back with: {come_back}"]

    def live(self, rows: int) -> list[str]:
        """Lines that still change."""
        self._fit()
        return self._scroll.live(rows, status.spinner(time.monotonic()))

    def activity(self) -> list[Styled] | None:
        """What goes on."""
        now = time.monotonic()
        stopped = self.just_stopped
        hint = "Ctrl-C again leaves" if stopped else "Ctrl-C interrupts"
        conversation = self._conversation
        if conversation.running and not self.past:
            words = status.describe_doing(conversation.doing, conversation.detail)
            if not self.connected:
                words = "Reconnecting; the turn goes on meanwhile"
            began = self.began
            return status.activity(words, None if began is None else now - began, now, hint=hint)
        if self._prompts.first is not None:
            words, since = self._prompts.first
            hint = "Ctrl-C again leaves" if stopped else "Ctrl-C takes it back"
            return status.activity(words, now - since, now, hint=hint)
        return [("class:hint", "Ctrl-C again leaves")] if stopped else None

    def queued(self) -> list[str]:
        """Prompts that wait."""
        return self._prompts.lines

    def place(self, width: int) -> list[Styled]:
        """The status line."""
        info = self._info
        place = status.Place(
            host=info.host,
            cwd=info.cwd,
            session=info.name,
            mode=self._conversation.mode,
            cost=self.cost,
            connected=self.connected,
            wanted_mode=self._modes.wanted,
        )
        return status.place_line(place, width)
