"""What the server notes about clients by itself: who waits for approval, and who was here when.

Both files are the program's own, in its state folder, and small. Changes are kept in memory until `save`,
so that the caller decides how often the disk is written. A file that cannot be read is kept aside, and the
notes begin anew: nothing is trusted because of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import msgspec
from msgspec import Struct

from claude_remote import files
from claude_remote.trust import TrustedClient

MAX_PENDING = 64
MAX_PENDING_PER_ADDRESS = 8
MAX_SEEN = 10_000

T = TypeVar("T")


class _StateFile:
    """One file, and whether what it should hold is different now."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changed = False

    def save(self) -> None:
        """Write what has changed; may run in a thread. Raises OSError: the change is still to be written."""
        if not self._changed:
            return
        self._changed = False  # before we look: what changes meanwhile is written the next time
        try:
            files.replace(self._path, msgspec.json.encode(self._content()))
        except BaseException:
            self._changed = True
            raise

    def _content(self) -> object:
        raise NotImplementedError


class PendingFile(_StateFile):
    """Clients that wait for approval, oldest first. Bounded, for anybody can ring."""

    def __init__(self, path: Path) -> None:
        """Read what waited when the server last ended."""
        super().__init__(path)
        found, self.kept_aside = _read(path, list[TrustedClient])
        self._clients = {client.fingerprint: client for client in (found or [])[:MAX_PENDING]}

    @property
    def clients(self) -> Mapping[str, TrustedClient]:
        """By fingerprint."""
        return MappingProxyType(self._clients)

    def put(self, client: TrustedClient) -> tuple[TrustedClient, ...]:
        """Let a client wait, and give those that had to make room. One that waits already changes nothing.

        Over MAX_PENDING_PER_ADDRESS the oldest of its address goes, over MAX_PENDING the oldest of the
        address with most. All addresses of an IPv6 /64 count as one.
        """
        if client.fingerprint in self._clients:
            return ()
        self._changed = True
        dropped = []
        origin = _origin(client.address)
        if self._count()[origin] >= MAX_PENDING_PER_ADDRESS:
            dropped.append(self._drop_oldest(origin))
        if len(self._clients) >= MAX_PENDING:
            # Of several with equally many, most_common names the one whose oldest request is oldest.
            dropped.append(self._drop_oldest(self._count().most_common(1)[0][0]))
        self._clients[client.fingerprint] = client
        return tuple(dropped)

    def remove(self, fingerprint: str) -> TrustedClient | None:
        """It waits no longer; None if it did not."""
        client = self._clients.pop(fingerprint, None)
        self._changed = self._changed or client is not None
        return client

    def _content(self) -> object:
        return list(self._clients.values())

    def _count(self) -> Counter[str]:
        return Counter(_origin(client.address) for client in self._clients.values())

    def _drop_oldest(self, origin: str) -> TrustedClient:
        oldest = next(client for client in self._clients.values() if _origin(client.address) == origin)
        return self._clients.pop(oldest.fingerprint)


class Seen(Struct, frozen=True):
    """When (seconds since the epoch) and from where a client was last connected."""

    at: float
    address: str


class SeenFile(_StateFile):
    """When clients were last seen; of the MAX_SEEN last seen."""

    def __init__(self, path: Path) -> None:
        """Read what is there."""
        super().__init__(path)
        found, self.kept_aside = _read(path, dict[str, Seen])
        self._seen = found or {}

    @property
    def seen(self) -> Mapping[str, Seen]:
        """By fingerprint."""
        return MappingProxyType(self._seen)

    def note(self, fingerprint: str, at: float, address: str) -> None:
        """The client is here."""
        self._seen.pop(fingerprint, None)  # so that the dict stays in the order of the last visit
        self._seen[fingerprint] = Seen(at, address)
        if len(self._seen) > MAX_SEEN:
            del self._seen[next(iter(self._seen))]
        self._changed = True

    def forget(self, fingerprint: str) -> None:
        """The client is no more."""
        self._changed = self._seen.pop(fingerprint, None) is not None or self._changed

    def _content(self) -> object:
        return self._seen.copy()


def _read(path: Path, kind: type[T]) -> tuple[T | None, tuple[Path, ...]]:
    """What the file holds, and under which name it was kept aside if it holds something else."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind), ()
    except FileNotFoundError:
        return None, ()
    except ValueError:  # msgspec.DecodeError, or UnicodeDecodeError
        return None, (files.keep_aside(path, ".broken"),)


def _origin(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(IPv6Address(int(parsed) >> 64 << 64))
    return address
