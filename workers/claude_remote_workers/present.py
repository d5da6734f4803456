"""What a session is now: its conversation, mode, model, title and folder."""

from __future__ import annotations

from claude_remote import facts
from claude_remote_workers.outside import Outside


class Present:
    """Records what becomes different, and nothing twice."""

    def __init__(self, outside: Outside, claude_session: str, cwd: str) -> None:
        self._outside = outside
        self._now = {"claude_session": claude_session, "cwd": cwd}

    @property
    def claude_session(self) -> str:
        """The id that claude has for the conversation."""
        return self._now["claude_session"]

    def change(self, **fields: str | None) -> None:
        """Claude has told of these; those that are given and new are recorded."""
        new = {name: value for name, value in fields.items() if value and self._now.get(name) != value}
        if new:
            self._now |= new
            self._outside.record(
                facts.SessionChanged(
                    claude_session=new.get("claude_session"),
                    mode=new.get("mode"),
                    model=new.get("model"),
                    title=new.get("title"),
                    cwd=new.get("cwd"),
                )
            )
