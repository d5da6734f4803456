"""The journal's one writer: transactions in, one of SQLite's for all that waited, answers out in order."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from claude_remote_broker.journal import schema
from claude_remote_broker.journal.operations import Append
from claude_remote_broker.journal.sweeping import Sweeper
from claude_remote_broker.journal.tables import Tables
from claude_remote_broker.ports import Event, Store, Stored, StoreFailed, Transaction
from claude_remote_broker.worst import Worst

_log = logging.getLogger(__name__)

# What one transaction of SQLite's gathers at most.
_MOST_TRANSACTIONS = 256
_MOST_BYTES = 16 * 1024 * 1024
# That one Stored names: the loop has its turns between them.
_MOST_ANSWERED = 64

_BETWEEN_BITES = 0.005  # seconds

# What a transaction can fail with without anything being wrong with the others.
_FAILURES = (sqlite3.Error, ValueError, TypeError, OverflowError)


class CommitFigures:
    """How the writer fares. Written by its thread, read by others: each field is one value by itself."""

    def __init__(self) -> None:
        self.last = 0.0  # seconds of the last commit; 0 when there was none
        self.at = 0.0  # when that was
        self.worst = Worst()
        self.failing = ""  # why the last one failed
        self.sweeping = True

    def committed(self, seconds: float) -> None:
        """A transaction is on disk."""
        self.last, self.at, self.failing = seconds, time.time(), ""
        self.worst.note(seconds)


class Writer:
    """A thread of its own. It commits at once when idle, and gathers what comes meanwhile."""

    def __init__(self, path: Path, deliver: Callable[[Sequence[Event]], None]) -> None:
        self._connection = schema.connect(path)
        self._deliver = deliver
        self._queue: SimpleQueue[Store | None] = SimpleQueue()
        self._waiting: deque[Transaction] = deque()  # taken from the queue
        self._closing = False  # nothing comes any more
        self._sweeper = Sweeper(self._connection)
        self._tables = Tables(self._connection, self._sweeper)
        self.figures = CommitFigures()
        self._thread = Thread(target=self._run, name="journal-writer", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def put(self, store: Store) -> None:
        """Hand over a Store, from any thread. Answered by Stored and StoreFailed, in order."""
        self._queue.put(store)

    def close(self) -> None:
        """Write what was handed over, mark a clean end, and close. Waits for it."""
        self._queue.put(None)
        self._thread.join()
        try:
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("UPDATE meta SET value = 'yes' WHERE key = 'clean'")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            # What was acknowledged is stored; the next start only takes it for an unclean end.
            _log.error("the journal could not be closed cleanly: %s", error)
        self._connection.close()

    def _run(self) -> None:
        while self._waiting or not self._closing:
            self._sweep()
            transactions = self._gather()
            if transactions:
                self._deliver(self._write(transactions))

    def _sweep(self) -> None:
        """As long as nobody wants anything. A pause of its own leaves the disk to others, too."""
        while self._sweeper.due and self._queue.empty() and not self._waiting:
            self._sweeper.bite()
            self.figures.sweeping = self._sweeper.busy
            time.sleep(_BETWEEN_BITES)
        self.figures.sweeping = self._sweeper.busy

    def _gather(self) -> list[Transaction]:
        """What waits, as much as one transaction of SQLite's takes; nothing only when nothing ever comes."""
        if not self._waiting:
            self._take(self._queue.get())
        while len(self._waiting) < _MOST_TRANSACTIONS and not self._queue.empty():
            self._take(self._queue.get())
        gathered: list[Transaction] = []
        size = 0
        while self._waiting and len(gathered) < _MOST_TRANSACTIONS and size < _MOST_BYTES:
            transaction = self._waiting.popleft()
            gathered.append(transaction)
            size += sum(len(part.row.lines) for part in transaction.operations if isinstance(part, Append))
        return gathered

    def _take(self, store: Store | None) -> None:
        if store is None:
            self._closing = True
        else:
            self._waiting.extend(store.transactions)

    def _write(self, transactions: Sequence[Transaction]) -> list[Event]:
        began = time.perf_counter()
        try:
            failures = {} if self._write_all(transactions) else self._write_each(transactions)
        except Exception as error:  # noqa: BLE001  who waits is told, and the next are written
            self.figures.failing = str(error)
            failures = self._give_up(transactions, error)
        else:
            self.figures.committed(time.perf_counter() - began)
        self.figures.sweeping = self._sweeper.busy
        return [*_answers(transactions, failures)]

    def _write_all(self, transactions: Sequence[Transaction]) -> bool:
        """All of them as one. False, and nothing is written, if one of them fails: which is found out then.

        Savepoints around each would be two thirds of the statements.
        """
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for transaction in transactions:
                for operation in transaction.operations:
                    self._tables.perform(operation)
            self._tables.flush()
            self._connection.execute("COMMIT")
        except _FAILURES:
            self._tables.forget()
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            return False
        return True

    def _write_each(self, transactions: Sequence[Transaction]) -> dict[int, str]:
        """One by one: why those failed that did, by their tickets."""
        self._connection.execute("BEGIN IMMEDIATE")
        failures = {each.ticket: self._write_one(each) for each in transactions}
        self._connection.execute("COMMIT")
        return {ticket: reason for ticket, reason in failures.items() if reason}

    def _write_one(self, transaction: Transaction) -> str:
        """One within the transaction of SQLite's. Raises sqlite3.Error when that itself is lost."""
        self._connection.execute("SAVEPOINT one")
        try:
            for operation in transaction.operations:
                self._tables.perform(operation)
            self._tables.flush()
        except _FAILURES as error:
            self._tables.forget()
            if not self._connection.in_transaction:
                raise sqlite3.OperationalError(str(error)) from error
            self._connection.execute("ROLLBACK TO one")
            self._connection.execute("RELEASE one")
            _log.warning("a transaction could not be stored: %s", error)
            return str(error) or type(error).__name__
        self._connection.execute("RELEASE one")
        return ""

    def _give_up(self, transactions: Sequence[Transaction], error: Exception) -> dict[int, str]:
        self._tables.forget()
        if self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error:
                _log.exception("the journal's transaction could not be rolled back")
        _log.error("the journal cannot be written: %s", error, exc_info=not isinstance(error, sqlite3.Error))
        return dict.fromkeys((each.ticket for each in transactions), str(error) or type(error).__name__)


def _answers(transactions: Sequence[Transaction], failures: dict[int, str]) -> Iterable[Event]:
    """In their order; those that are stored and follow each other are told together."""
    for failed, group in groupby((each.ticket for each in transactions), failures.__contains__):
        tickets = tuple(group)
        if failed:
            yield from (StoreFailed(ticket, failures[ticket]) for ticket in tickets)
        else:
            for start in range(0, len(tickets), _MOST_ANSWERED):
                yield Stored(tickets[start : start + _MOST_ANSWERED])
