"""One errand: what its client and its process say to each other, and how it ends.

Both keep to their windows (see claude_remote.messages.errands), and whoever does not is cut off: so it costs
a bounded amount of memory, however slow its client, its network or its disk is.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from claude_remote import bus, codec
from claude_remote import messages as m
from claude_remote.errors import (
    BadMessage,
    InternalError,
    OutOfTurn,
    OutsideRoots,
    RemoteError,
    ShuttingDown,
    from_code,
)
from claude_remote_broker.core import gate
from claude_remote_broker.core.client import Client, Exchange
from claude_remote_broker.core.context import Context
from claude_remote_broker.ports import CutDirect, ExpectDirect, FolderChecked

_log = logging.getLogger(__name__)


class Phase(Enum):
    """Where an errand's process is in its life."""

    STARTING = auto()
    RUNNING = auto()
    ENDING = auto()  # it was dismissed, and may still live


@dataclass
class Helper:
    """An errand's process, from its launch until it and all below it are seen gone."""

    worker: str
    token: str
    exchange: Errand
    phase: Phase
    since: float  # of this phase
    heard: float
    route: bytes | None = None
    killed: bool = False


class Errand(Exchange):
    """One errand as its client sees it."""

    def __init__(self, context: Context, client: Client, request: m.Errand, payload: bytes) -> None:
        super().__init__(context, client)
        self._errands = context.errands
        self._request = request
        self._payload = payload
        self._cwd = ""
        self._roots = gate.roots_of(client.peer.fingerprint, context.clients)
        self._helper: Helper | None = None
        self._held: list[tuple[bus.Verb, bytes]] = []  # until the process is there; the window bounds it
        self._to_errand = 0  # parcels under way, not yet credited
        self._to_client = 0
        self._cancelled = False
        self._ticket: bytes | None = None  # of its direct connection, if it has been offered one
        self._outcome: Mapping[str, str] = {}  # what its process tells the audit
        self._errands.take_place(client.peer.fingerprint)

    def begin(self) -> None:
        """Look at the folder if there is one, then launch."""
        if isinstance(self._request, m.FolderErrand):
            self.context.effects.check_folder(self._request.cwd, self._roots, (), self._checked)
        elif isinstance(self._request, m.FilesErrand) and self._request.session is not None:
            # What of it may be used is for the errand to check, path by path.
            self._cwd = self.context.sessions.find(self._request.session, self.client.peer).row.cwd
            self._launch()
        else:
            self._launch()

    def check(self) -> None:
        """The right must still be there, and the folders the same. Raises RightMissing, OutsideRoots."""
        gate.check(self.client.peer, self._request, self.context.clients)
        if gate.roots_of(self.client.peer.fingerprint, self.context.clients) != self._roots:
            raise OutsideRoots("The folders that this client may use have changed.")

    def _checked(self, answer: FolderChecked) -> None:
        if self.over:
            return
        if answer.error is not None:
            self.end(answer.error)
            return
        self._cwd = answer.path
        self._launch()

    def _launch(self) -> None:
        if self.context.stopping:
            self.end(ShuttingDown())
            return
        self._helper = self._errands.launch(self)
        request = self.client.request
        self.context.record(request, self.client.peer, outcome="begun", text=self._payload, cwd=self._cwd)
        kind = type(self._request).__name__
        _log.info("errand %s (%s) for client %s", self._helper.worker, kind, self.client.peer.name)

    # --- the client --------------------------------------------------------------------------------------

    def received(self, message: m.Message, payload: bytes) -> None:
        """Parcels and credit go to the errand; Cancel ends it."""
        match message:
            case m.Parcel():
                self._from_client(message, payload)
            case m.Credit(parcels=parcels):
                if parcels > self._to_client:
                    raise OutOfTurn("more parcels were credited than were sent")
                self._to_client -= parcels
                self._pass_on(bus.Credit(parcels=parcels))
            case m.Cancel():
                self._cancel()
            case _:
                raise OutOfTurn(f"{type(message).__name__} has no meaning now")

    def _from_client(self, parcel: m.Parcel, payload: bytes) -> None:
        if self._to_errand >= (m.WINDOW if parcel.urgent else m.BULK):
            raise OutOfTurn("more parcels came than were credited")
        if len(payload) > m.PARCEL or (parcel.urgent and payload):
            raise BadMessage(f"a parcel carries at most {m.PARCEL} bytes, an urgent one none")
        self._to_errand += 1
        self._pass_on(bus.Parcel(header=parcel.header, urgent=parcel.urgent), payload)

    def _cancel(self) -> None:
        self._cancelled = True
        if self._helper is None:
            self.end()
        else:
            self._errands.dismiss(self._helper)

    def _pass_on(self, verb: bus.Verb, payload: bytes = b"") -> None:
        helper = self._helper
        if helper is None or helper.phase is Phase.STARTING:
            self._held.append((verb, payload))
        elif helper.phase is Phase.RUNNING:
            self._errands.send(helper, verb, payload)

    # --- the errand --------------------------------------------------------------------------------------

    def ready(self) -> None:
        """Its process is there: tell it what to do."""
        helper = self._helper
        if helper is None:
            return
        peer = self.client.peer
        begin = bus.Begin(
            request=codec.pack(self._request),
            client=peer.name,
            roots=self._roots,
            cwd=self._cwd,
            certificate=self._certificate,
        )
        self._errands.send(helper, begin, self._payload)
        for verb, payload in self._held:
            self._errands.send(helper, verb, payload)
        self._held.clear()
        self._payload = b""

    @property
    def _certificate(self) -> bytes:
        """The client's, if it can have a direct connection, and may be offered one."""
        asked = isinstance(self._request, m.FilesErrand) and self._request.direct
        return self.client.peer.certificate if asked else b""

    def offered(self, certificate: bytes) -> None:
        """It listens for a direct connection, and will show this certificate there."""
        helper = self._helper
        if self.over or self._cancelled or helper is None or self._ticket is not None:
            return
        if not self._certificate:
            return
        self._ticket = self.context.ids.ticket()
        self.context.effects.do(ExpectDirect(self._ticket, helper.worker))
        self.client.send(m.Direct(ticket=self._ticket), certificate)

    def parcel(self, parcel: bus.Parcel, payload: bytes) -> None:
        """From the errand, for the client."""
        if self.over or self._cancelled:
            return
        if self._to_client >= m.WINDOW:
            self.end(InternalError("The server's process for this sent more than it may."))
            return
        self._to_client += 1
        self.client.send(m.Parcel(header=parcel.header, urgent=parcel.urgent), payload)

    def credit(self, parcels: int) -> None:
        """The errand has taken parcels."""
        if not self.over and not self._cancelled:
            parcels = min(parcels, self._to_errand)
            self._to_errand -= parcels
            if parcels:
                self.client.send(m.Credit(parcels=parcels))

    def finished(self, over: bus.Over) -> None:
        """It is done, or has failed."""
        self._outcome = over.outcome
        self.end(from_code(over.code, over.message, over.detail) if over.code else None)

    def gone(self, error: RemoteError) -> None:
        """Its process is gone; `error` says how, if nobody knows better."""
        self.end(None if self._cancelled else error)

    def end(self, error: RemoteError | None = None) -> None:
        """See Exchange."""
        if not self.over and self._helper is not None:
            outcome = "cancelled" if self._cancelled else "done" if error is None else error.code
            said = self._outcome
            self.context.record(
                f"{self.client.request}-ended",
                self.client.peer,
                outcome=outcome,
                exit=said.get("exit", ""),
                pid=said.get("pid", ""),
                files=said.get("files", ""),
                size=said.get("size", ""),
                digest=said.get("digest", ""),
            )
        super().end(error)

    def closed(self) -> None:
        """The client is gone or has its answer: the process is not needed any more."""
        self._held.clear()
        if self._helper is None:
            self._errands.leave_place(self.client.peer.fingerprint)
            return
        if self._ticket is not None:
            self.context.effects.do(CutDirect(self._ticket, self._helper.worker))
        self._errands.dismiss(self._helper)
