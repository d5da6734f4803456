"""Claudes that are kept ready for new sessions: nobody's, until a session begins with exactly their setup.

A warm claude is a session that is not stored and that nobody sees: it has a lease like any other, and what
its worker hands over of its log waits in its ledger. When somebody begins a session in the same folder, with
the same options, mode and model and the same rights and roots, and nothing has changed since that a claude
reads at its start, it becomes that session: it gets its name and is stored with its log, in one transaction.

It counts in the pool, and is the first to go when room is needed. After each new session as many may be
started as are wanted, and no more: a claude that cannot start is not started again and again. A broker that
dies leaves them without a lease, so the next one ends them; it may have another environment.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from claude_remote import bus, facts
from claude_remote.errors import RemoteError
from claude_remote.messages import Source
from claude_remote.rights import Right
from claude_remote_broker.core import gate
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.lease import Lease, Phase
from claude_remote_broker.core.ledger import Ledger
from claude_remote_broker.core.session import Session
from claude_remote_broker.journal import LeaseRow, SessionRow
from claude_remote_broker.ports import FolderChecked, Row

_log = logging.getLogger(__name__)

_MOST_LOG = 4 * 1024 * 1024  # bytes that one may print before anybody has prompted it


class Setup(NamedTuple):
    """All that makes one claude different from another before its first prompt."""

    cwd: str
    options: tuple[str, ...]
    mode: str | None
    model: str | None
    # Every client's claudes have the same rules about our own files now. If those ever differ it is by these.
    rights: frozenset[Right]
    roots: tuple[str, ...]


@dataclass
class _Held:
    session: Session
    setup: Setup
    stamp: str
    ready: bool = False
    claude: int = 0


class Warm:
    """Keeps `number` of them for the setup that was used last."""

    def __init__(self, context: Context, number: int) -> None:
        self._context = context
        self.number = number
        self._held: dict[str, _Held] = {}
        self._setup: Setup | None = None
        self._client = ""
        self._used = 0.0
        self._left = 0  # that may be started before the next new session
        self._looking = False

    @property
    def any(self) -> bool:
        """Whether there is one that a new session could become."""
        return any(self._is_free(held) for held in self._held.values())

    def is_lease(self, lease: Lease) -> bool:
        """Whether a lease is that of a warm one."""
        return lease.session in self._held

    def is_ready(self, session: Session) -> bool:
        """Whether its claude waits for a prompt."""
        held = self._held.get(session.id)
        return held is not None and held.ready

    def claude_of(self, session: Session) -> int:
        """The pid of its claude; 0 while there is none."""
        held = self._held.get(session.id)
        return 0 if held is None else held.claude

    # --- new sessions ----------------------------------------------------------------------------------

    def take(self, row: SessionRow, stamp: str) -> Session | None:
        """The session that a new one can be, with this row but for its ids; it is not in the registry then.

        `stamp` is of the folder now; empty: it could not be told in time. None: there is no such session, or
        others wait for a worker.
        """
        if not stamp or self._context.stopping or self._context.pool.line:
            return None
        setup = self._setup_of(row)
        same = [held for held in self._held.values() if held.setup == setup and self._is_free(held)]
        for held in same:
            if held.stamp != stamp:
                self._end(held, "something has changed that claude reads at its start")
        fit = [held for held in same if held.stamp == stamp]
        if not fit:
            return None
        return self._give_away(max(fit, key=lambda held: held.ready), row)

    def used(self, row: SessionRow) -> None:
        """A session begins: the next is expected to be like it."""
        self._setup = self._setup_of(row)
        self._client = row.client
        self._used = self._context.now
        self._left = self.number

    def _setup_of(self, row: SessionRow) -> Setup:
        rights = gate.rights_of(row.client, self._context.clients)
        roots = gate.roots_of(row.client, self._context.clients)
        return Setup(row.cwd, row.options, row.mode, row.model, rights, roots)

    def _is_free(self, held: _Held) -> bool:
        lease = held.session.lease
        return (
            lease is not None
            and lease.phase in {Phase.STARTING, Phase.LIVE}
            and lease.release is None
            and not lease.killed
            and not lease.silent
        )

    def _give_away(self, held: _Held, row: SessionRow) -> Session:
        session = held.session
        del self._held[session.id]
        self._context.sessions.drop(session)
        own = session.row
        session.warm = False
        session.row = replace(
            row,
            id=own.id,
            claude_session=own.claude_session,
            epoch=own.epoch,
            lease=own.lease,
            starting=True,
        )
        if session.lease is not None:
            session.lease.idle_since = self._context.now
        return session

    # --- their life ------------------------------------------------------------------------------------

    def tick(self) -> None:
        """End those that nobody will want, start what is missing."""
        limits, now = self._context.limits, self._context.now
        self._used = min(self._used, now)  # clocks are set back
        if self._setup is not None and now - self._used > limits.warm_unused:
            self._setup = None
        for held in [*self._held.values()]:
            lease = held.session.lease
            if lease is not None and lease.silent and now - lease.heard > limits.silence_of_needed:
                self._context.workers.kill(lease, "a warm claude's worker has been silent")
            elif held.setup != self._setup:
                self._end(held, "no session like it has begun lately")
        if self._may_start() and now - self._used >= limits.warm_pause:
            self._look()

    def _may_start(self) -> bool:
        if self._setup is None or self._left <= 0 or self._looking or self._context.stopping:
            return False
        here = sum(1 for held in self._held.values() if self._is_free(held))
        return here < self.number and self._context.pool.room > 0

    def _look(self) -> None:
        setup = self._setup
        if setup is None:
            return
        self._looking = True

        def checked(event: FolderChecked) -> None:
            self._looking = False
            if event.error is None and event.stamp and self._setup == setup and self._may_start():
                self._start(setup, event.stamp)
            elif self._setup == setup:
                self._left = 0  # until the next new session

        self._context.effects.check_folder(setup.cwd, setup.roots, (), checked, stamp=True)

    def _start(self, setup: Setup, stamp: str) -> None:
        context = self._context
        self._left -= 1
        token, worker = context.ids.token(), context.ids.worker()
        digest = sha256(token.encode()).hexdigest()
        row = SessionRow(
            id=context.ids.uuid(),
            name="",
            cwd=setup.cwd,
            client="",
            client_name="",
            created=context.now,
            changed=context.now,
            claude_session=context.ids.uuid(),
            options=setup.options,
            mode=setup.mode,
            model=setup.model,
            epoch=1,
            starting=True,
            lease=LeaseRow(worker=worker, token_hash=digest, options=setup.options, model=setup.model),
        )
        session = Session(row, fresh=True)
        session.warm = True
        session.ledger = Ledger(context, session)
        session.lease = Lease(
            session=session.id,
            epoch=row.epoch,
            worker=worker,
            token_hash=digest,
            phase=Phase.STARTING,
            since=context.now,
            heard=context.now,
        )
        try:
            context.sessions.add(session)
        except RemoteError:
            return  # there are as many sessions as there may be
        self._held[session.id] = _Held(session, setup, stamp)
        context.workers.add(session.lease)
        context.workers.launch(session.lease, token)

    def heard(self, session: Session, row: Row) -> None:
        """Its worker has handed over a part of its log."""
        held = self._held.get(session.id)
        lease = session.lease
        if held is None or lease is None:
            return
        if lease.release is not None:
            self.let_go(session)
            return
        if session.unstored > _MOST_LOG:
            self._end(held, "it printed too much")
        for line in row.lines.split(b"\n")[:-1] if row.source is Source.FACT else ():
            self._look_at(line, held)

    def _look_at(self, line: bytes, held: _Held) -> None:
        try:
            fact = facts.decode(line)
        except msgspec.DecodeError:
            return  # told when it is stored, if it ever is
        match fact:
            case facts.ClaudeStarted(pid=pid):
                held.claude = max(pid, 0)
            case facts.ClaudeReady():
                held.ready = True
                if held.session.lease is not None:
                    held.session.lease.since = self._context.now
            case facts.ClaudeExited(reason=reason):
                self._end(held, reason)

    def let_go(self, session: Session) -> None:
        """It was told to end, and nobody will ever read its log: what its worker has of it is not wanted."""
        lease = session.lease
        if lease is not None and session.accepted:
            ack = bus.Ack(session=session.id, epoch=lease.epoch, seq=session.accepted)
            self._context.workers.send(lease, ack)

    # --- their end -------------------------------------------------------------------------------------

    def make_room(self, wanted: int) -> int:
        """End up to so many, because others need their places. How many were ended."""
        ended = [held for held in self._held.values() if self._is_free(held)][: max(wanted, 0)]
        for held in ended:
            self._end(held, "its place is needed")
        return len(ended)

    def cut_off(self, client: str) -> None:
        """A client was revoked: nothing that it has begun goes on."""
        if client == self._client:
            self._setup = None
            self.tick()

    def gone(self, session: Session, reason: str) -> None:
        """Its worker is no more."""
        _log.info("a warm claude has ended: %s", reason)
        self._held.pop(session.id, None)
        self._context.sessions.drop(session)

    def _end(self, held: _Held, reason: str) -> None:
        lease = held.session.lease
        if lease is not None and lease.release is None:
            lease.end_reason = lease.end_reason or reason
        self._context.workers.release(held.session, "now", reason)
