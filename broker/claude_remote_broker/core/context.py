"""What the machines of the core share."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from claude_remote_broker.audit.entry import Entry
from claude_remote_broker.core.effects import Effects
from claude_remote_broker.core.ids import Ids
from claude_remote_broker.core.keep import Keep
from claude_remote_broker.core.limits import Limits
from claude_remote_broker.core.tally import Tally
from claude_remote_broker.ports import ClientTable, Connection, Log, Peer, Record

if TYPE_CHECKING:
    from claude_remote_broker.core.auditing import Auditing
    from claude_remote_broker.core.controls import Controls
    from claude_remote_broker.core.errands import Errands
    from claude_remote_broker.core.ledger import Ledger
    from claude_remote_broker.core.log_reading import LogReading
    from claude_remote_broker.core.noticing import Noticing
    from claude_remote_broker.core.peeking import Peeks
    from claude_remote_broker.core.pool import Pool
    from claude_remote_broker.core.publisher import Publisher
    from claude_remote_broker.core.rulebook import Rulebook
    from claude_remote_broker.core.session import Session
    from claude_remote_broker.core.sessions import Sessions
    from claude_remote_broker.core.shutting import Shutting
    from claude_remote_broker.core.warm import Warm
    from claude_remote_broker.core.workers import Workers


@dataclass
class Context:
    """One for each core. `now` is seconds since the epoch, set before each event."""

    host: str
    version: str
    clients: ClientTable
    limits: Limits
    ids: Ids
    effects: Effects
    tally: Tally
    log: Log
    keep: Keep = field(default_factory=Keep)
    now: float = 0.0
    stopping: bool = False
    # Who waits for the running turns to end, so that the server can: nothing new begins meanwhile.
    draining: dict[Connection, Shutting] = field(default_factory=dict)
    speaking: deque[Ledger] = field(default_factory=deque)  # that append words at the end of this turn
    log_readers: dict[Connection, LogReading] = field(default_factory=dict)
    sessions: Sessions = field(init=False)
    workers: Workers = field(init=False)
    pool: Pool = field(init=False)
    warm: Warm = field(init=False)
    controls: Controls = field(init=False)
    publisher: Publisher = field(init=False)
    rules: Rulebook = field(init=False)
    peeks: Peeks = field(init=False)
    errands: Errands = field(init=False)
    noticing: Noticing = field(init=False)
    auditing: dict[Connection, Auditing] = field(default_factory=dict)

    def record(
        self,
        kind: str,
        who: Peer | None = None,
        session: Session | None = None,
        *,
        outcome: str = "done",
        text: bytes | None = None,
        **detail: str,
    ) -> None:
        """Add to the audit what has happened. `who` None: the server itself did it. Empty details are none.

        `text` is what people or Claude wrote; by the owner's settings only its hash may be kept.
        """
        self.effects.do(
            Record(
                Entry(
                    kind=kind,
                    at=self.now,
                    client="" if who is None else who.fingerprint,
                    name="" if who is None else who.name,
                    address="" if who is None else who.address,
                    session="" if session is None else session.id,
                    session_name="" if session is None else session.row.name,
                    outcome=outcome,
                    text=text,
                    detail={key: value for key, value in detail.items() if value},
                )
            )
        )
