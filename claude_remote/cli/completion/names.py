"""Names that only servers and files know. At a Tab nobody is asked, nobody waits long, nothing goes wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from claude_remote.errors import RemoteError

if TYPE_CHECKING:
    from claude_remote.client.client import Client

WITHIN = 1.5  # seconds


def server_names() -> list[str]:
    """The servers that this machine trusts."""
    from claude_remote.known_servers import KnownServers
    from claude_remote.paths import find_paths

    with suppress(RemoteError):
        return [server.name for server in KnownServers(find_paths().known_servers).all()]
    return []


def session_names(server: str | None) -> list[str]:
    """The sessions on a server, the latest first; none when it does not answer at once."""

    def ask(client: Client) -> list[str]:
        sessions = sorted(client.sessions(), key=lambda each: each.changed, reverse=True)
        return [each.name for each in sessions]

    return _ask(server, ask)


def approval_ids(server: str | None) -> list[str]:
    """The approvals that are open on a server, shortened; none when it does not answer at once."""
    return _ask(server, lambda client: [info.id[:8] for info in client.approvals()])


def _ask(server: str | None, ask: Callable[[Client], list[str]]) -> list[str]:
    found: list[str] = []

    def look() -> None:
        from claude_remote.client.client import Client
        from claude_remote.client.connecting import find_road
        from claude_remote.client.introduction import Introduction

        with suppress(RemoteError, OSError):
            road = find_road(server, Introduction(wait=0.0), timeout=WITHIN)
            with Client(road) as client:
                found.extend(ask(client))

    # A thread, for every step has a time of its own, and all of them together must not have more.
    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(WITHIN)
    return list(found)
