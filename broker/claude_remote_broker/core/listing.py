"""Lists of sessions, in messages that fit their frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from claude_remote.messages import SessionInfo, Sessions
from claude_remote_broker.core.pages import pages as in_pages
from claude_remote_broker.core.pages import width_of
from claude_remote_broker.core.session import Session


def pages(sessions: Iterable[Session], host: str, left_out: int = 0) -> Iterator[Sessions]:
    """At least one message, also when there is no session. Each tells how many more are `left_out`."""
    infos = (session.info(host) for session in sessions)
    for page in in_pages(infos, _width):
        yield Sessions(sessions=page, left_out=left_out)


def _width(info: SessionInfo) -> int:
    return width_of(
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
