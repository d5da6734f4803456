"""From what the user calls a server to a Client."""

from __future__ import annotations

import os
from collections.abc import Callable

from claude_remote import address
from claude_remote.client.client import Client
from claude_remote.client.introduction import Introduction, NewServer, Pending
from claude_remote.client.owner import Owner
from claude_remote.client.roads import LocalRoad, Road, TlsRoad
from claude_remote.config import ConfigFile, choose_server
from claude_remote.errors import BadOption
from claude_remote.known_servers import KnownServers
from claude_remote.paths import Paths, find_paths

CONNECT_WITHIN = 10.0


def connect(
    server: str | None = None,
    *,
    fingerprint: str | None = None,
    accept_new: bool = False,
    confirm: Callable[[NewServer], bool] | None = None,
    wait: float | None = 0.0,
    on_pending: Callable[[Pending], None] | None = None,
    timeout: float = CONNECT_WITHIN,
    paths: Paths | None = None,
) -> Client:
    """Connect to a server and be let in.

    `server` is a name from `claude-remote servers`, or HOST, HOST:PORT, [IPV6]:PORT, unix:PATH or ssh:HOST;
    None means CLAUDE_REMOTE_SERVER, else the default server, else the one on this machine.

    A server that is not known yet is trusted when it has `fingerprint`, with `accept_new`, or when `confirm`
    says so; otherwise IdentityUnknown is raised. While its owner has not approved this client, the call waits
    `wait` seconds (None: for ever), then raises NotApproved; `on_pending` is told the words to compare.
    `timeout` (seconds) bounds each step of connecting. `paths` says where keys and pins are.

    Raises Unreachable, IdentityChanged, Refused, Revoked and others of claude_remote.errors, all of them
    RemoteError, whose text is for the user.
    """
    introduction = Introduction(
        fingerprint=fingerprint, accept_new=accept_new, confirm=confirm, wait=wait, on_pending=on_pending
    )
    return Client(find_road(server, introduction, timeout=timeout, paths=paths))


def find_road(
    server: str | None,
    introduction: Introduction,
    *,
    timeout: float = CONNECT_WITHIN,
    paths: Paths | None = None,
) -> Road:
    """The road to a server as `connect` takes it; nothing is dialled yet. Raises BadOption, Misconfigured."""
    paths = paths or find_paths()
    default = None if server else ConfigFile(paths.client_config).read().server
    choice = choose_server(server, os.environ, default)
    if choice.by == "nobody" and paths.control_socket.exists():
        return LocalRoad(paths.control_socket, timeout)
    return tls_road(choice.which, introduction, timeout=timeout, paths=paths)


def tls_road(
    which: str, introduction: Introduction, *, timeout: float = CONNECT_WITHIN, paths: Paths
) -> TlsRoad:
    """The road to a server by name or address. Raises BadOption, Misconfigured."""
    known = KnownServers(paths.known_servers)
    named = known.get(which)
    try:
        where = address.parse(named.address if named else which)
    except ValueError as error:
        raise BadOption(f"{which!r} is neither a known server nor an address: {error}") from None
    return TlsRoad(
        where,
        named.name if named else str(where),
        paths,
        known,
        introduction,
        timeout=timeout,
        owner=Owner(paths.control_socket),
    )
