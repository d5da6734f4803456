"""Heads of servers' audits that this client has seen: whoever writes the past anew is noticed by others.

The head comes with each hello of a server that lets us approve. What is remembered is the last one; a head
that goes back, or that is another under the same number, is told at once. When it has moved on, the server is
asked now and then whether the remembered record is still the same; `audit verify` looks at all of them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from claude_remote.errors import RemoteError
from claude_remote.files import make_private_folder, private_umask

if TYPE_CHECKING:
    from claude_remote.client.client import Client

MOST_SERVERS = 500
# A question to the server costs one way there and back.
ASK_EVERY = 3600.0


class Seen(Struct, frozen=True, kw_only=True):
    """The last head of one server's audit."""

    seq: int
    hash: str
    at: float  # when it was seen, seconds since the epoch
    asked: float = 0.0  # when the server was last asked about one


class WitnessFile:
    """By the servers' fingerprints, of the MOST_SERVERS last seen. Written without waiting for the disk."""

    def __init__(self, path: Path) -> None:
        """Nothing is read yet."""
        self._path = path

    def all(self) -> Mapping[str, Seen]:
        """What is remembered. A file that cannot be read remembers nothing."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, Seen])
        except (OSError, ValueError):
            return {}

    def remember(self, server: str, seen: Seen) -> None:
        """This is the last of this server. Two at once: one of them is remembered, and either will do."""
        known = {**self.all()}
        known.pop(server, None)
        known[server] = seen
        kept = dict([*known.items()][-MOST_SERVERS:])
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        with suppress(OSError):  # a witness without a disk is none, and that is no reason to do nothing
            make_private_folder(self._path.parent)
            with private_umask():
                temporary.write_bytes(msgspec.json.encode(kept))
            temporary.replace(self._path)


def look(client: Client, file: WitnessFile) -> str:
    """Compare the server's head with what was seen before, and remember it. A warning, or ""."""
    head = client.hello.audit
    if head is None:
        return ""
    now = time.time()
    before = file.all().get(client.fingerprint)
    if before is None:
        file.remember(client.fingerprint, Seen(seq=head.seq, hash=head.hash, at=now, asked=now))
        return ""
    if head.seq < before.seq:
        return _words(before, f"now it ends at record {head.seq}: the later ones were cut off")
    asked = before.asked
    there: str | None = before.hash
    if head.seq == before.seq:
        there = head.hash
    elif now - before.asked >= ASK_EVERY:
        with suppress(RemoteError):  # whatever keeps it from answering shows in what was to be done
            answer = client.check_audit(before.seq)
            there = None if answer is None else answer.hash
            asked = now
    if there != before.hash:
        return _words(before, f"record {before.seq} is another now: the past was written anew")
    if head.seq != before.seq:
        file.remember(client.fingerprint, Seen(seq=head.seq, hash=head.hash, at=now, asked=asked))
    return ""


def _words(before: Seen, what: str) -> str:
    day = time.strftime("%Y-%m-%d %H:%M", time.localtime(before.at))
    return f"its audit is not the one that was seen here on {day}; {what}. See `audit verify`."
