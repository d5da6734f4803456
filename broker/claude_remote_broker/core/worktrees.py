"""A git worktree for a session: claude makes it at its first start, and here it gets its name."""

from __future__ import annotations

import re

from claude_remote.errors import BadOption, NameTaken
from claude_remote_broker.core.sessions import Sessions
from claude_remote_broker.core.words import unique
from claude_remote_broker.journal import Worktree
from claude_remote_broker.ports import FolderChecked

# What claude 2.1.330 takes; it allows slashes besides, which would make a folder in a folder.
_NAME = re.compile(r"(?!\.+$)[A-Za-z0-9._-]+")


def find_room(wish: str, session: str, folder: FolderChecked, sessions: Sessions) -> tuple[str, Worktree]:
    """The folder of the worktree that will be, and how it is made. `wish`: its name; empty: as the session's.

    Claude would use one that is there already, together with who uses it now: that is refused. Raises
    NameTaken, BadOption.
    """
    used = {each.row.cwd for each in sessions if each.row.cwd.startswith(f"{folder.worktrees}/")}

    def taken(name: str) -> bool:
        return name in folder.taken or f"{folder.worktrees}/{name}" in used

    if wish:
        if not _NAME.fullmatch(wish):
            raise BadOption("A worktree's name is made of letters, digits, dots, underscores and dashes.")
        if taken(wish):
            raise NameTaken(
                f"There is a worktree {wish} already: work in it with -C {folder.worktrees}/{wish}, or give "
                "another name."
            )
    own = wish or unique(_plain(session), taken)
    return f"{folder.worktrees}/{own}", Worktree(name=own, base=folder.path)


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "session"
