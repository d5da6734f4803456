"""What a hook is told: JSON on a command's stdin, a title and a text for everything else."""

from __future__ import annotations

from msgspec import Struct

from claude_remote_broker.preferences import Occasion


class Notice(Struct, frozen=True, kw_only=True):
    """An approval waits, or a turn has ended."""

    occasion: Occasion
    at: float  # seconds since the epoch
    host: str
    session: str  # its id
    session_name: str
    cwd: str
    client: str  # who prompted, as the owner calls it
    text: str  # what Claude asks for, its last words, or why it failed
    tool: str = ""
    approval: str = ""  # its id

    @property
    def title(self) -> str:
        """One line."""
        what = {"approval": "asks for an approval", "done": "is done", "failed": "has failed"}[self.occasion]
        return f"{self.session_name} on {self.host} {what}"

    @property
    def body(self) -> str:
        """A few lines."""
        return f"{self.tool}: {self.text}" if self.tool else self.text or self.title
