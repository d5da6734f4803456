"""`claude-remote get` and `put`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

from claude_remote.cli.command_line import Context
from claude_remote.cli.moving.names import Remote, read_remotes
from claude_remote.cli.moving.output import Output
from claude_remote.cli.moving.tellers import NobodyListens, Teller, make_teller
from claude_remote.cli.reaching import reach_server
from claude_remote.client.files import Get, Put, find_sources, own_guard
from claude_remote.errors import BadOption
from claude_remote.known_servers import KnownServers
from claude_remote.paths import find_paths
from claude_remote.transfer.memory import keep_memory
from claude_remote.transfer.streams import Stream
from claude_remote.transfer.walking import Named
from claude_remote.transfer.walking import Stream as Input

_STREAM = "-"


def run_get(
    obj: Context, paths: Sequence[str], said: Mapping[str, Any], *, recursive: bool, quiet: bool, json: bool
) -> int:
    """From the server. The exit code: 0, or that of the first thing that was left out. Raises RemoteError."""
    *named, local = paths if len(paths) > 1 else (*paths, ".")
    if local == _STREAM and (json or recursive or len(named) > 1):
        raise BadOption("to standard output goes one file, without -r and --json")
    remotes = _remotes(named)
    teller = make_teller(obj.terminal, quiet=quiet or local == _STREAM, json=json)
    with reach_server(_reach(obj, said, remotes[0]), obj.terminal) as client, closing(Output(1)) as output:
        getting = Get(
            client,
            [remote.path for remote in remotes],
            Stream(output.write) if local == _STREAM else os.fsencode(local),
            own_guard(),
            session=remotes[0].session,
            recursive=recursive,
            plan=teller.plans,
            watch=teller,
        )
        return _carry_out(getting, teller, goes_on=local != _STREAM)


def run_put(
    obj: Context, paths: Sequence[str], said: Mapping[str, Any], *, recursive: bool, quiet: bool, json: bool
) -> int:
    """To the server. The exit code: 0, or that of the first thing that was left out. Raises RemoteError."""
    *named, remote = paths
    if not named:
        raise BadOption("put takes at least two names: LOCAL... REMOTE")
    (to,) = _remotes([remote])
    guard = own_guard()
    sources: list[Named] = []
    if _STREAM in named:
        if len(named) > 1:
            raise BadOption("standard input is put alone")
        sources.append(Input(b"stdin", 0))
    else:
        sources += find_sources(map(os.fsencode, named), guard, recursive=recursive)
    teller = make_teller(obj.terminal, quiet=quiet, json=json)
    with reach_server(_reach(obj, said, to), obj.terminal) as client:
        putting = Put(
            client,
            sources,
            to.path,
            guard,
            session=to.session,
            folder=len(named) > 1,
            plan=teller.plans and _STREAM not in named,
            watch=teller,
        )
        return _carry_out(putting, teller, goes_on=_STREAM not in named)


def _remotes(named: Sequence[str]) -> list[Remote]:
    return read_remotes(named, KnownServers(find_paths().known_servers))


def _reach(obj: Context, said: Mapping[str, Any], remote: Remote) -> Any:
    server = said["server"] or obj.server
    if server and remote.server and server != remote.server:
        raise BadOption(f"{remote.server}: names another server than -s {server}")
    return obj.reach(remote.server or server, **{key: each for key, each in said.items() if key != "server"})


def _carry_out(transfer: Get | Put, teller: Teller, *, goes_on: bool) -> int:
    keep_memory()
    with teller:
        try:
            transfer.run()
        except NobodyListens:
            raise BrokenPipeError from None
        except KeyboardInterrupt:
            teller.interrupted(goes_on=goes_on)
            raise
    return teller.code
