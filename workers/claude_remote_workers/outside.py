"""What a conversation may do to the world. In tests a recorder stands in its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from claude_remote.conversations import Owner
from claude_remote.facts import Fact


class Outside(Protocol):
    """The neighbours of the conversation: the log, claude's input, the broker, the kernel."""

    def keep(self, line: bytes) -> None:
        """Put a line of claude's into the log."""

    def record(self, fact: Fact) -> None:
        """Put a fact into the log, after everything that was kept before it."""

    def write(self, line: bytes, written: Callable[[], None] | None = None) -> None:
        """Write to claude's input; `written` is called when the pipe has all of it."""

    def reply(self, request: str, payload: bytes, *, ok: bool) -> None:
        """Answer an Ask."""

    def resolve(self, name: str) -> str:
        """Where a name of a file leads, seen from the session's folder, with every link followed."""

    def trust(self, folder: str) -> None:
        """Have claude trust a folder from its next start on. Raises TrustFailed."""

    def end_input(self) -> None:
        """Close claude's input: it finishes its turn and exits."""

    def interrupt_process(self) -> None:
        """SIGINT to claude: it ends the turn in order, with a result, and exits."""

    def find_rival(self, conversation: str) -> Owner | None:
        """A claude of somebody else's that has this conversation open."""

    def kill(self) -> None:
        """Kill claude and everything below it."""
