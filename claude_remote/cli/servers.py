"""`claude-remote servers` and `config`: which servers are trusted here, and which one is meant."""

from __future__ import annotations

import re

from msgspec import structs

from claude_remote import address
from claude_remote.cli.reaching import Reach, introduction
from claude_remote.cli.table import columns
from claude_remote.cli.terminal import Terminal, escape
from claude_remote.client.client import Client
from claude_remote.client.connecting import tls_road
from claude_remote.config import ConfigFile
from claude_remote.errors import BadOption
from claude_remote.known_servers import KnownServers
from claude_remote.paths import Paths, find_paths

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def show(terminal: Terminal, *, json: bool) -> int:
    """List them. Raises Misconfigured."""
    paths = find_paths()
    servers = KnownServers(paths.known_servers).all()
    default = ConfigFile(paths.client_config).read().server
    if json:
        import msgspec

        report = [
            {
                "name": server.name,
                "address": server.address,
                "fingerprint": server.fingerprint,
                "approved": not server.provisional,
                "default": default in {server.name, server.address},
            }
            for server in servers
        ]
        terminal.write(msgspec.json.encode(report) + b"\n")
    elif not servers:
        terminal.say("No servers yet. Add one: claude-remote servers add NAME ADDRESS")
    else:
        rows = [("", "NAME", "ADDRESS", "FINGERPRINT", "")]
        rows += [
            (
                "*" if default in {server.name, server.address} else "",
                escape(server.name),
                escape(server.address),
                server.fingerprint,
                "not approved yet" if server.provisional else "",
            )
            for server in servers
        ]
        terminal.print(columns(rows))
    return 0


def add(name: str, reach: Reach, terminal: Terminal, *, default: bool) -> int:
    """Trust the server at an address and call it `name`; then get approved. Raises RemoteError."""
    if not _NAME.fullmatch(name):
        raise BadOption(f"{name!r} cannot be a name: letters, digits, dots and dashes, 64 at most")
    paths = find_paths()
    try:
        where = str(address.parse(reach.server or ""))
    except ValueError as error:
        raise BadOption(f"{error}") from None
    known = KnownServers(paths.known_servers)
    road = tls_road(where, introduction(reach, terminal), paths=paths)
    pinned = road.pin()
    known.put(structs.replace(pinned, name=name))
    config = ConfigFile(paths.client_config)
    makes_default = default or config.read().server is None
    if makes_default:
        config.set_default_server(name)
    how = "identity matches" if reach.fingerprint else "identity noted"
    terminal.say(f"✓ {how}{'; now your default server' if makes_default else ''}")
    return _enter(name, reach, terminal, paths)


def choose(reach: Reach, terminal: Terminal) -> int:
    """Make a server the default, and get to know it. Raises RemoteError."""
    paths = find_paths()
    which = reach.server or ""
    road = tls_road(which, introduction(reach, terminal), paths=paths)
    road.pin()
    known = KnownServers(paths.known_servers).get(which)
    ConfigFile(paths.client_config).set_default_server(which if known else str(address.parse(which)))
    terminal.say(f"✓ {escape(which)} is now your default server")
    return _enter(which, reach, terminal, paths)


def choose_bell(terminal: Terminal, *, on: bool) -> None:
    """Whether the terminal's bell rings. Raises Misconfigured."""
    ConfigFile(find_paths().client_config).set_bell(on=on)
    terminal.say(f"✓ the bell is {'on' if on else 'off'}")


def forget(which: str, terminal: Terminal) -> int:
    """Forget a server, and that it was the default. Raises BadOption if there is none."""
    paths = find_paths()
    known = KnownServers(paths.known_servers)
    gone = known.forget(which) or known.forget(_canonical(which))
    if not gone:
        names = ", ".join(escape(server.name) for server in known.all()) or "none"
        raise BadOption(f"no server is called {which!r}; you know: {names}")
    config = ConfigFile(paths.client_config)
    default = config.read().server
    if default is not None and known.get(default) is None:
        config.set_default_server(None)
    for server in gone:
        terminal.say(f"forgot {escape(server.name)}  {escape(server.address)}  {server.fingerprint}")
    return 0


def _canonical(which: str) -> str:
    try:
        return str(address.parse(which))
    except ValueError:
        return which


def _enter(which: str, reach: Reach, terminal: Terminal, paths: Paths) -> int:
    with Client(tls_road(which, introduction(reach, terminal), paths=paths)) as client:
        rights = ", ".join(client.rights) or "none"
        terminal.say(f"✓ {escape(client.host) or escape(which)} lets you in; your rights: {rights}")
    return 0
