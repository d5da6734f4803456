"""Going through the permission modes."""

from __future__ import annotations

from collections.abc import Callable

from claude_remote.cli.interactive.remote import Remote
from claude_remote.client.conversation import Conversation
from claude_remote.errors import RemoteError

MODES = ("default", "acceptEdits", "plan")


class Modes:
    """The mode that was asked for, until the server has confirmed or refused it."""

    def __init__(
        self,
        remote: Remote,
        conversation: Conversation,
        changed: Callable[[], None],
        failed: Callable[[RemoteError], None],
    ) -> None:
        self._remote = remote
        self._conversation = conversation
        self._changed = changed
        self._failed = failed
        self.wanted: str | None = None

    def go_on(self) -> None:
        """Ask for the mode after this one; after one that is not in the row, the first."""
        now = self.wanted or self._conversation.mode
        wanted = MODES[(MODES.index(now) + 1) % len(MODES)] if now in MODES else MODES[0]
        self.wanted = wanted

        def done(_: object) -> None:
            if self.wanted == wanted:
                self.wanted = None
                self._conversation.mode = wanted
            self._changed()

        def failed(error: RemoteError) -> None:
            self.wanted = None
            self._failed(error)

        self._remote.control("set_permission_mode", done, failed, mode=wanted)
        self._changed()
