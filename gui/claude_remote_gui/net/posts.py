"""What the threads tell the window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from claude_remote.client.conversation.items import Change, Doing
from claude_remote.errors import RemoteError
from claude_remote_gui.feed.reducer import News, State
from claude_remote_gui.net.standing import Standing


@dataclass(frozen=True)
class Moved:
    """The picture of a server is another, and this is what happened."""

    server: str
    state: State
    news: tuple[News, ...] = ()


@dataclass(frozen=True)
class Stood:
    """We stand otherwise with a server."""

    server: str
    standing: Standing


@dataclass(frozen=True)
class Read:
    """More of the conversation that is read as `reading`. `caught_up`: nothing older is missing."""

    reading: int
    changes: tuple[Change, ...] = ()
    doing: Doing = Doing.NOTHING
    detail: str = ""
    mode: str = ""
    model: str = ""
    caught_up: bool = False
    trouble: str = ""


@dataclass(frozen=True)
class Answered:
    """A request has its answer, or an error."""

    then: Callable[[Any, RemoteError | None], None]
    result: Any = None
    error: RemoteError | None = None


Post: TypeAlias = Moved | Stood | Read | Answered
Send: TypeAlias = Callable[[Post], None]
