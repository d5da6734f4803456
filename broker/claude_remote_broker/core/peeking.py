"""Files of approvals, read by the workers of their sessions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from claude_remote import bus
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.session import Session

_PATIENCE = 10.0  # seconds


class Reader(Protocol):
    """Who wants to see a file."""

    def seen(self, file: bus.Seen, content: bytes) -> None:
        """This is it."""


@dataclass
class _Look:
    reader: Reader
    session: Session
    until: float


class Peeks:
    """What was asked and not answered."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._looks: dict[str, _Look] = {}

    def look(self, reader: Reader, session: Session, approval: str) -> str | None:
        """Ask the session's worker. The request's id; None when the reader was answered at once."""
        context, lease = self._context, session.lease
        if lease is None or lease.route is None or not lease.usable:
            reader.seen(bus.Seen(request="", refused="its claude does not run"), b"")
            return None
        if len(self._looks) >= context.limits.controls_in_all:
            reader.seen(bus.Seen(request="", refused="the server reads too many files just now"), b"")
            return None
        request = context.ids.uuid()
        self._looks[request] = _Look(reader, session, context.now + _PATIENCE)
        look = bus.Look(session=session.id, epoch=lease.epoch, request=request, approval=approval)
        context.workers.send(lease, look)
        return request

    def forget(self, request: str) -> None:
        """Nobody waits for it any more."""
        self._looks.pop(request, None)

    def seen(self, session: Session, file: bus.Seen, content: bytes) -> None:
        """A worker has answered; to what nobody waits for, nothing."""
        look = self._looks.get(file.request)
        if look is not None and look.session is session:
            del self._looks[file.request]
            look.reader.seen(file, content)

    def tick(self) -> None:
        """Patience has an end."""
        for request, look in [*self._looks.items()]:
            if not 0 < look.until - self._context.now <= _PATIENCE:  # clocks are set back
                del self._looks[request]
                look.reader.seen(bus.Seen(request=request, refused="its worker does not answer"), b"")
