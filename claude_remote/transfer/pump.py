"""Running one end of a transfer over whatever carries its packets."""

from __future__ import annotations

from typing import Protocol

from claude_remote.errors import RemoteError


class Duplex(Protocol):
    """Carries packets both ways, in order. Raises RemoteError when it cannot any more."""

    @property
    def room(self) -> int:
        """Packets that the other side takes now."""

    def send(self, packet: memoryview) -> None:
        """Send one, or a copy: it is overwritten afterwards. There is room for it."""

    def receive(self, *, wait: bool) -> bytes | None:
        """The next one. None when nothing has come, and with `wait` only after some time."""


class Machine(Protocol):
    """A sender or a receiver."""

    over: bool

    def take(self, packet: bytes) -> None:
        """A packet has come. Raises RemoteError."""

    def give(self) -> memoryview | None:
        """A packet to be sent."""


class Broken(Exception):
    """While a machine breathed, what carries its packets has failed: no error of the file that it was at."""

    def __init__(self, error: RemoteError) -> None:
        super().__init__(error.message)
        self.error = error


def run(machine: Machine, duplex: Duplex) -> None:
    """To the end. Raises RemoteError."""
    try:
        _run(machine, duplex)
    except Broken as broken:
        raise broken.error from None


def _run(machine: Machine, duplex: Duplex) -> None:
    while not machine.over:
        packet = machine.give() if duplex.room else None
        if packet is not None:
            duplex.send(packet)
        if machine.over:
            return
        incoming = duplex.receive(wait=packet is None)
        if incoming is not None:
            machine.take(incoming)
