"""Lists of sessions, in messages that fit their frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from claude_remote.messages import SessionInfo, Sessions
from claude_remote_broker.core.session import Session

_ROOM = 48 * 1024  # of the header's 64 KiB
_FIXED = 400  # what a session takes besides its texts


def pages(sessions: Iterable[Session], host: str) -> Iterator[Sessions]:
    """At least one message, also when there is no session."""
    page: list[SessionInfo] = []
    size = 0
    for session in sessions:
        info = session.info(host)
        wide = _size(info)
        if page and size + wide > _ROOM:
            yield Sessions(sessions=tuple(page))
            page, size = [], 0
        page.append(info)
        size += wide
    yield Sessions(sessions=tuple(page))


def _size(info: SessionInfo) -> int:
    texts = (
        info.name,
        info.host,
        info.cwd,
        info.client,
        info.model,
        info.claude_session,
        info.last_words,
        info.prompting,
        info.reason,
    )
    return _FIXED + sum(len(text.encode(errors="replace")) for text in texts)
