"""Direct connections at the broker: recognised before TLS, handed to the errand they are for, cut in the end.

See claude_remote.direct for what they are. What arrives here is a stranger like any other until its ticket is
known: it has a stranger's place and a stranger's time, and was counted before anything was read of it.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from pathlib import Path

from claude_remote import direct
from claude_remote_broker.ports import CutDirect, ExpectDirect

_log = logging.getLogger(__name__)


class DirectConnections:
    """Those that are expected, and those that were handed over, by their tickets."""

    def __init__(self, bus: Path) -> None:
        """`bus`: the ROUTER's socket, beside which the errands listen. Those of lives before end, or have."""
        self._bus = bus
        for left in bus.parent.glob(direct.handover_path(bus, "e-*").name):
            left.unlink(missing_ok=True)
        self._expected: dict[bytes, str] = {}
        # The errand reads and writes by a descriptor of its own. This one is kept to cut the connection, so
        # that who is cut off is so at once, whatever the errand is doing.
        self._handed_over: dict[bytes, socket.socket] = {}

    def expect(self, command: ExpectDirect) -> None:
        """See ExpectDirect."""
        self._expected[command.ticket] = command.errand

    def cut(self, command: CutDirect) -> None:
        """See CutDirect."""
        self._expected.pop(command.ticket, None)
        # It may have been killed while it listened.
        direct.handover_path(self._bus, command.errand).unlink(missing_ok=True)
        kept = self._handed_over.pop(command.ticket, None)
        if kept is not None:
            _cut(kept)

    def close(self) -> None:
        """Cut all of them."""
        self._expected.clear()
        while self._handed_over:
            _cut(self._handed_over.popitem()[1])

    async def take(self, accepted: socket.socket) -> bool:
        """Whether this connection begins as a direct one, and so is done with: handed over, or of no use.

        Waits for its first byte when any is expected. The caller bounds the time and closes the socket, which
        nobody else may use meanwhile.
        """
        if not self._expected or not direct.is_preface(await _peek(accepted)):
            return False
        ticket = direct.ticket_in(await _read(accepted, direct.PREFACE))
        # Taken first: it serves once, also when that fails.
        errand = self._expected.pop(ticket, None) if ticket is not None else None
        if errand is None or ticket is None:
            _log.debug("a connection came with a ticket that is not known (any more)")
            return True
        try:
            self._handed_over[ticket] = self._give(errand, accepted)
        except OSError as error:
            _log.warning("errand %s does not take its direct connection: %s", errand, error.strerror)
            return True
        _log.info("errand %s has a direct connection", errand)
        return True

    def _give(self, errand: str, accepted: socket.socket) -> socket.socket:
        """Hand it over. The descriptor by which it is cut. Raises OSError."""
        kept = accepted.dup()  # first: what cannot be cut is given to nobody
        try:
            direct.hand_over(direct.handover_path(self._bus, errand), accepted)
        except OSError:
            kept.close()
            raise
        return kept


async def _peek(accepted: socket.socket) -> bytes:
    """Its first byte, which stays there; empty at its end. Raises OSError."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            return accepted.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            pass
        readable = loop.create_future()
        loop.add_reader(accepted, _resolve, readable)
        try:
            await readable
        finally:
            loop.remove_reader(accepted)


async def _read(accepted: socket.socket, size: int) -> bytes:
    """So many bytes, not one more: what follows is for somebody else. Fewer at its end. Raises OSError."""
    loop = asyncio.get_running_loop()
    read = b""
    while len(read) < size:
        more = await loop.sock_recv(accepted, size - len(read))
        if not more:
            break
        read += more
    return read


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _cut(kept: socket.socket) -> None:
    # Closing alone would not do: the errand has it open, too.
    try:
        kept.shutdown(socket.SHUT_RDWR)
    except OSError as error:  # ENOTCONN: its client has cut it
        _log.debug("a direct connection was gone already: %s", error.strerror)
    kept.close()
