"""The host's disk: folders that sessions start in, and claude's own conversations."""

from __future__ import annotations

from claude_remote.errors import RemoteError
from claude_remote_broker.ports.base import Command, Event, Ticket


class CheckFolder(Command, frozen=True):
    """Find the real path of `path` (relative: below the server's default), inside `roots`. FolderChecked.

    `worktree`: it shall be in a git repository, whose worktrees lie inside the roots, too.
    """

    ticket: Ticket
    path: str | None
    roots: tuple[str, ...]
    also: tuple[str, ...] = ()  # more paths, of claude's own options, that must lie inside the roots
    apart: bool = False  # nor may any of them lie above what is claude-remote's own
    worktree: bool = False
    stamp: bool = False  # say in what state it is, too


class FolderChecked(Event, frozen=True):
    """The real path, or why not.

    `stamp` is the same as long as a claude that was started there before knows what one would that is started
    now; empty when nobody asked, or it cannot be told.
    """

    ticket: Ticket
    path: str = ""
    error: RemoteError | None = None
    worktrees: str = ""  # the folder in which claude makes those of this repository
    taken: frozenset[str] = frozenset()  # the names that are in it
    stamp: str = ""


class FindConversation(Command, frozen=True):
    """Find a conversation in claude's own files, by its id or the beginning of one. ConversationFound."""

    ticket: Ticket
    beginning: str


class ConversationFound(Event, frozen=True):
    """The conversation, or why not. `cwd`: where it began; `owner`: the claude that has it open, in words."""

    ticket: Ticket
    conversation: str = ""
    cwd: str = ""
    owner: str = ""
    error: RemoteError | None = None
