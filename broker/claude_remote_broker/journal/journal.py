"""The journal as the broker's assembly holds it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from claude_remote_broker.journal.operations import Operation
from claude_remote_broker.journal.reader import Reader
from claude_remote_broker.journal.recovery import Recovered, recover
from claude_remote_broker.journal.writer import Writer
from claude_remote_broker.ports import (
    Event,
    FindApproval,
    FindPrompt,
    Load,
    Measure,
    Store,
    Ticket,
    Transaction,
)

Job: TypeAlias = Store | Load | FindPrompt | FindApproval | Measure

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Journal:
    """One SQLite database (WAL), one thread that writes, one that reads.

    `deliver` is called from those threads with Stored and StoreFailed (in the order of their transactions,
    and as many at once as were written at once), Loaded, Found and Measured. First `recover`, then the rest.
    """

    def __init__(
        self, path: Path, deliver: Callable[[Sequence[Event]], None], boot_id: str | None = None
    ) -> None:
        self._path = path
        self._deliver = deliver
        self._boot_id = _read_boot_id() if boot_id is None else boot_id
        self._writer: Writer | None = None
        self._reader: Reader | None = None
        self.state_id = ""

    def recover(self) -> Recovered:
        """Open or create the database and read what is open. Blocking. Raises JournalUnusable."""
        recovered = recover(self._path, self._boot_id)
        self.state_id = recovered.state_id
        self._writer = Writer(self._path, self._deliver)
        self._reader = Reader(self._path, self._deliver_one, self._writer.figures)
        self._writer.start()
        self._reader.start()
        return recovered

    def _deliver_one(self, event: Event) -> None:
        self._deliver((event,))

    def perform(self, job: Job) -> None:
        """Do what a command of the core asks."""
        if self._writer is None or self._reader is None:
            raise RuntimeError("a journal is used after recover and before close")
        if isinstance(job, Store):
            self._writer.put(job)
        else:
            self._reader.put(job)

    def store(self, ticket: Ticket, operations: tuple[Operation, ...]) -> None:
        """One transaction by itself."""
        self.perform(Store((Transaction(ticket, operations),)))

    def load(self, ticket: Ticket, session: str, after: int, limit: int, offset: int = 0) -> None:
        """See ports.Load."""
        self.perform(Load(ticket, session, after, limit, offset))

    def close(self) -> None:
        """Finish what was asked for, and mark a clean end. Waits for it; `deliver` is not called after it."""
        reader, writer = self._reader, self._writer
        self._reader = self._writer = None
        if reader is not None:
            reader.close()
        if writer is not None:
            writer.close()


def _read_boot_id() -> str:
    """Linux gives each boot an id (random(4)); elsewhere every boot looks the same."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""
