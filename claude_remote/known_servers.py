"""The servers that this client trusts: one pinned certificate for each address, and names for addresses.

A file for reading and for editing by hand, shared between processes. A pin is never replaced in silence: put
refuses another certificate for the same address until the old one was forgotten.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct, structs

from claude_remote import files, fingerprints
from claude_remote.errors import IdentityChanged, Misconfigured
from claude_remote.messages import Fingerprint, Line
from claude_remote.toml_file import Content, TomlFile

_HEADER = """\
# The servers that claude-remote trusts here. [names] gives names to addresses; each address has one pin.
# Written by claude-remote; your own comments are lost at its next change.
"""


class KnownServer(Struct, frozen=True, kw_only=True):
    """A server that is trusted. One without a name is called by its address."""

    name: Line
    address: Line  # as str(claude_remote.address.Address)
    fingerprint: Fingerprint
    certificate: bytes  # DER
    provisional: bool  # until the server has approved this client
    added: float


class _Pin(Struct, forbid_unknown_fields=True):
    fingerprint: str
    certificate: str
    added: datetime
    provisional: bool = False


class _Known(Struct, frozen=True):
    """The whole file."""

    names: dict[str, str]
    pins: dict[str, KnownServer]


class KnownServers:
    """The servers in one file. Every call looks whether the file has changed."""

    def __init__(self, path: Path) -> None:
        """Nothing is read yet."""
        self._file = TomlFile(path, _HEADER)
        self._known = _Known({}, {})
        self._broken: Misconfigured | None = None
        self.kept_aside: tuple[Path, ...] = ()
        """Files of the original claude-remote that were in the way, under their new names."""

    def all(self) -> tuple[KnownServer, ...]:
        """One for each name, and one for each address that has none. Raises Misconfigured."""
        known = self._read()
        named = [
            structs.replace(known.pins[address], name=name)
            for name, address in known.names.items()
            if address in known.pins
        ]
        nameless = [pin for address, pin in known.pins.items() if address not in known.names.values()]
        return (*named, *nameless)

    def get(self, which: str) -> KnownServer | None:
        """By name, else by address (as `str` of one gives it). Raises Misconfigured."""
        known = self._read()
        pin = known.pins.get(known.names.get(which, which))
        return structs.replace(pin, name=which) if pin is not None and which in known.names else pin

    def put(self, server: KnownServer) -> None:
        """Trust a server, or note that it is no longer provisional.

        Another server of the same name loses the name. Raises IdentityChanged when the address has another
        pin, and Misconfigured.
        """
        with self._file.locked():
            known = self._read()
            before = known.pins.get(server.address)
            if before is not None and before.certificate != server.certificate:
                raise IdentityChanged(
                    f"{server.address} is already known by another identity.\n"
                    f"  trusted: {before.fingerprint}\n  now:     {server.fingerprint}\n"
                    f"If it was set up anew: claude-remote servers forget {server.address}",
                    trusted=before.fingerprint,
                    found=server.fingerprint,
                )
            names = dict(known.names)
            if server.name != server.address:
                names[server.name] = server.address
            pin = structs.replace(server, name=server.address)
            self._write(_Known(names, {**known.pins, server.address: pin}))

    def forget(self, which: str) -> tuple[KnownServer, ...]:
        """Forget a name, with its pin if no other name has it; or an address, with its pin and all names.

        Gives what was forgotten; nothing if there was nothing. Raises Misconfigured.
        """
        with self._file.locked():
            before = self.all()
            known = self._known
            names = {name: address for name, address in known.names.items() if which not in {name, address}}
            gone = {which, known.names.get(which, which)} - set(names.values())
            pins = {address: pin for address, pin in known.pins.items() if address not in gone}
            if names == known.names and pins == known.pins:
                return ()
            self._write(_Known(names, pins))
            return tuple(server for server in before if server not in self.all())

    def _read(self) -> _Known:
        if self._file.changed():
            try:
                self._known = self._parse()
            except Misconfigured as error:
                self._broken = error
                raise
            self._broken = None
        if self._broken is not None:
            raise self._broken
        return self._known

    def _parse(self) -> _Known:
        content = self._file.read()
        if content is None:
            return _Known({}, {})
        if content.tables and not content.tables.keys() & {"names", "pins"}:
            self.kept_aside += (files.keep_aside(self._file.path, ".original"),)
            self._file.stamp = None
            return _Known({}, {})
        for name in content.tables.keys() - {"names", "pins"}:
            raise self._file.wrong(content, name, "there is no such setting")
        names = self._file.convert(content, "names", content.tables.get("names", {}), dict[str, str])
        pins = self._file.convert(content, "pins", content.tables.get("pins", {}), dict[str, object])
        return _Known(names, {address: self._pin(content, address, pin) for address, pin in pins.items()})

    def _pin(self, content: Content, address: str, value: object) -> KnownServer:
        row = self._file.convert(content, address, value, _Pin)
        try:
            certificate = b64decode(row.certificate, validate=True)
            added = row.added.timestamp()
        except (ValueError, OverflowError) as error:
            raise self._file.wrong(content, address, str(error)) from None
        if fingerprints.of(certificate) != row.fingerprint:
            raise self._file.wrong(content, address, "this is not the fingerprint of its certificate")
        return KnownServer(
            name=address,
            address=address,
            fingerprint=row.fingerprint,
            certificate=certificate,
            provisional=row.provisional,
            added=added,
        )

    def _write(self, known: _Known) -> None:
        pins = {
            address: {
                "fingerprint": pin.fingerprint,
                "certificate": b64encode(pin.certificate).decode(),
                "added": datetime.fromtimestamp(pin.added, UTC),
                "provisional": pin.provisional,
            }
            for address, pin in known.pins.items()
        }
        self._file.write({"names": known.names, "pins": pins})
        self._known = known
