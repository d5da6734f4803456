"""The server's trust store: which clients its owner knows, and what each may do.

One table of server.toml for each client, under its fingerprint. The file is for reading and for editing by
hand, and is read again when it has changed; a file that cannot be understood changes nothing and is never
written over. Refused and revoked clients stay in it.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, TypeVar

import msgspec
from msgspec import Struct

from claude_remote import files, fingerprints, identity, rights
from claude_remote.errors import Ambiguous, BadMessage, Misconfigured, NoSuchClient
from claude_remote.messages import ClientState, Fingerprint, Line
from claude_remote.rights import Right
from claude_remote.toml_file import Content, TomlFile

_HEADER = """\
# The clients of this server, and what they may do. Written by claude-remote-server; you may change it by hand
# (your own comments are lost at the next change by the program). It is read again when it changes.
#   state:  approved, refused or revoked
#   rights: any of view, prompt, approve, files, exec, admin, or the name of a preset: watch, work, full.
#           prompt together with approve amounts to a shell on this machine.
#   roots:  the folders that the client may use; none means all
"""
# What the original claude-remote wrote into a file of the same name.
_ORIGINAL = {"listen_addr", "port", "claude_path", "trusted_clients"}


class TrustedClient(Struct, frozen=True, kw_only=True):
    """A client: one certificate, and what the server's owner has said about it. Also one that waits."""

    fingerprint: Fingerprint
    certificate: bytes  # DER
    name: Line
    state: ClientState
    rights: tuple[Right, ...] = ()
    roots: tuple[str, ...] = ()  # real paths
    words: Line = ""  # the pairing words with this server; slow to find, so they are kept
    user: Line = ""  # this and the next two as the client told them
    host: Line = ""
    version: Line = ""
    address: Line = ""  # from where it first came
    first_seen: float


class _Row(Struct, forbid_unknown_fields=True):
    """A client as it stands in the file."""

    name: Line
    state: ClientState
    certificate: str
    first_seen: datetime
    rights: str | list[Right] = []
    roots: list[str] = []
    words: Line = ""
    user: Line = ""
    host: Line = ""
    version: Line = ""
    address: Line = ""


class TrustStore:
    """The clients in one file, shared between processes."""

    def __init__(self, path: Path) -> None:
        """Read it; a missing file is an empty one. Raises Misconfigured."""
        self._file = TomlFile(path, _HEADER)
        self._clients: dict[str, TrustedClient] = {}
        self._broken: Misconfigured | None = None
        self.kept_aside: tuple[Path, ...] = ()
        """Files of the original claude-remote that were in the way, under their new names."""
        self._read()

    @property
    def clients(self) -> Mapping[str, TrustedClient]:
        """By fingerprint, as last read."""
        return MappingProxyType(self._clients)

    def reload(self) -> bool:
        """Read the file again if it has changed, and tell whether it had.

        Raises Misconfigured, once for each change, when it cannot be understood or is gone; then `clients`
        stays what it was.
        """
        if not self._file.changed():
            return False
        self._read()
        return True

    def put(self, client: TrustedClient) -> None:
        """Add or replace a client, in the file and here.

        Raises BadMessage when another approved client has the same key: TLS would let in only one of them,
        and anybody who has seen a certificate can make a second one of it that looks different. Raises
        Misconfigured. Has done nothing then.
        """
        with self._file.locked():
            self._read_for_change()
            self._check_key(client)
            # As the file holds it, so that reading it again is no change.
            client = msgspec.structs.replace(client, first_seen=round(client.first_seen, 6))
            self._write({**self._clients, client.fingerprint: client})

    def remove(self, fingerprint: str) -> None:
        """Forget a client as if it had never come. Raises NoSuchClient or Misconfigured."""
        with self._file.locked():
            self._read_for_change()
            if fingerprint not in self._clients:
                raise NoSuchClient(f"No client is known by {fingerprint}.")
            self._write({known: client for known, client in self._clients.items() if known != fingerprint})

    def _check_key(self, client: TrustedClient) -> None:
        key = identity.name_in(client.certificate)
        if key is None or client.state is not ClientState.APPROVED:
            return
        for other in self._clients.values():
            if (
                other.state is ClientState.APPROVED
                and other.fingerprint != client.fingerprint
                and identity.name_in(other.certificate) == key
            ):
                raise BadMessage(
                    f"{other.name} ({other.fingerprint}) is approved and has the same key as {client.name}."
                    " Refuse this one, or revoke the other first."
                )

    def _read_for_change(self) -> None:
        if self._file.path.exists():
            self.reload()
            if self._broken is not None:
                raise self._broken

    def _read(self) -> None:
        try:
            self._clients = self._parse()
        except Misconfigured as error:
            self._broken = error
            raise
        self._broken = None

    def _parse(self) -> dict[str, TrustedClient]:
        content = self._file.read()
        if content is None:
            if self._clients:
                raise Misconfigured(
                    f"{self._file.path} is gone. Its clients stay known until the server is started again."
                )
            return {}
        if "clients" not in content.tables and content.tables.keys() & _ORIGINAL:
            self.kept_aside += (files.keep_aside(self._file.path, ".original"),)
            self._file.stamp = None
            return {}
        for name in content.tables.keys() - {"clients"}:
            raise self._file.wrong(content, name, "there is no such setting")
        rows = self._file.convert(content, "clients", content.tables.get("clients", {}), dict[str, object])
        return {fingerprint: self._client(content, fingerprint, row) for fingerprint, row in rows.items()}

    def _client(self, content: Content, fingerprint: str, value: object) -> TrustedClient:
        row = self._file.convert(content, fingerprint, value, _Row)
        try:
            given = rights.parse(row.rights) if isinstance(row.rights, str) else row.rights
            certificate = b64decode(row.certificate, validate=True)
            first_seen = row.first_seen.timestamp()
        except (ValueError, OverflowError) as error:
            raise self._file.wrong(content, fingerprint, str(error)) from None
        if fingerprints.of(certificate) != fingerprint:
            raise self._file.wrong(content, fingerprint, "this is not the fingerprint of its certificate")
        return TrustedClient(
            fingerprint=fingerprint,
            certificate=certificate,
            name=row.name,
            state=row.state,
            rights=_in_order(given),
            roots=tuple(row.roots),
            words=row.words,
            user=row.user,
            host=row.host,
            version=row.version,
            address=row.address,
            first_seen=first_seen,
        )

    def _write(self, clients: dict[str, TrustedClient]) -> None:
        self._file.write({"clients": {client.fingerprint: _table(client) for client in clients.values()}})
        self._clients = clients
        self._broken = None


class Findable(Protocol):
    """What `find` looks at: a TrustedClient or a ClientInfo."""

    @property
    def fingerprint(self) -> str:
        """As in claude_remote.fingerprints."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def words(self) -> str:
        """The pairing words."""

    @property
    def state(self) -> ClientState:
        """What the owner has said."""


Client = TypeVar("Client", bound=Findable)


def find(clients: Iterable[Client], which: str) -> Client:
    """The client meant by a fingerprint, its beginning, all its pairing words, or a name.

    The name of a client that waits does not count, for it has chosen that itself. Raises NoSuchClient, or
    Ambiguous naming the candidates.
    """
    known = list(clients)
    words = " ".join(which.lower().replace("-", " ").split())
    for candidates in (
        [client for client in known if client.fingerprint == which],
        [client for client in known if fingerprints.matches(client.fingerprint, which)],
        [client for client in known if words and client.words == words],
        [client for client in known if client.name == which and client.state is not ClientState.PENDING],
    ):
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            listed = ", ".join(f"{client.name} ({client.fingerprint})" for client in candidates[:5])
            more = f" and {len(candidates) - 5} more" if len(candidates) > 5 else ""
            raise Ambiguous(f"{which!r} could be {listed}{more}. Give more of the fingerprint.")
    waiting = [client.fingerprint for client in known if client.name == which]
    if waiting:
        raise NoSuchClient(
            f"{which!r} is what a client that waits calls itself; say which by its words or its fingerprint: "
            + ", ".join(waiting[:5])
        )
    raise NoSuchClient(f"No client is known by {which!r}.")


def _in_order(given: Iterable[Right]) -> tuple[Right, ...]:
    complete = rights.with_implied(given)
    return tuple(right for right in Right if right in complete)


def _table(client: TrustedClient) -> dict[str, object]:
    return {
        "name": client.name,
        "state": str(client.state),
        "rights": [str(right) for right in _in_order(client.rights)],
        "roots": list(client.roots),
        "words": client.words,
        "user": client.user,
        "host": client.host,
        "version": client.version,
        "address": client.address,
        "first_seen": datetime.fromtimestamp(client.first_seen, UTC),
        "certificate": b64encode(client.certificate).decode(),
    }
