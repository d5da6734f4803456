"""How files of a server are named on the command line: [SERVER:][@SESSION/]PATH."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from claude_remote.errors import BadOption
from claude_remote.known_servers import KnownServers


class Remote(NamedTuple):
    """A path of a server's. None: the default server; its user's home."""

    server: str | None
    session: str | None
    path: bytes


def read_remotes(texts: Sequence[str], known: KnownServers) -> list[Remote]:
    """All of them are of one server and one folder. Raises BadOption, Misconfigured."""
    remotes = [read_remote(text, known) for text in texts]
    if len({(remote.server, remote.session) for remote in remotes}) > 1:
        raise BadOption("all names must be of the same server and of the same session")
    return remotes


def read_remote(text: str, known: KnownServers) -> Remote:
    """One name. What stands before a colon is a server only if it is a known one."""
    if not text:
        raise BadOption("a name is empty; the home of the server's user is ~ or .")
    server = session = None
    before, colon, after = text.partition(":")
    if colon and "/" not in before and known.get(before) is not None:
        server, text = before, after
    if text.startswith("@"):
        session, _, text = text[1:].partition("/")
        if not session:
            raise BadOption("after @ comes the name of a session; a file of that name is ./@…")
    return Remote(server, session, os.fsencode(text) or b".")
