"""The journal's one writer: operations in, one transaction for all that waited, answers out in order."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

import msgspec

from claude_remote_broker.journal import schema
from claude_remote_broker.journal.operations import (
    AddPrompt,
    Append,
    DropRule,
    Operation,
    PutApproval,
    PutPrompt,
    PutRule,
    PutScale,
    PutSession,
    Trim,
)
from claude_remote_broker.journal.rows import Tombstone
from claude_remote_broker.journal.sweeping import Sweeper
from claude_remote_broker.ports import Event, Row, Store, Stored, StoreFailed
from claude_remote_broker.worst import Worst

_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode

# What one transaction gathers at most.
_MOST_STORES = 256
_MOST_BYTES = 16 * 1024 * 1024

_BETWEEN_BITES = 0.005  # seconds

# What a Store can fail with without anything being wrong with the others.
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
    """A thread of its own. It commits at once when idle, and gathers what comes meanwhile and soon after."""

    def __init__(self, path: Path, deliver: Callable[[Sequence[Event]], None]) -> None:
        self._connection = schema.connect(path)
        self._deliver = deliver
        self._queue: SimpleQueue[Store | None] = SimpleQueue()
        self._sids: dict[str, int] = {}
        self._tails: dict[int, int] = {}
        self._sweeper = Sweeper(self._connection)
        self.figures = CommitFigures()
        self._thread = Thread(target=self._run, name="journal-writer", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def put(self, store: Store) -> None:
        """Hand over one Store, from any thread. Answered by Stored or StoreFailed, in order."""
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
        while True:
            self._sweep()
            stores, last = self._gather()
            if stores:
                self._deliver(self._write(stores))
            if last:
                return

    def _sweep(self) -> None:
        """As long as nobody wants anything. A pause of its own leaves the disk to others, too."""
        while self._sweeper.due and self._queue.empty():
            self._sweeper.bite()
            self.figures.sweeping = self._sweeper.busy
            time.sleep(_BETWEEN_BITES)
        self.figures.sweeping = self._sweeper.busy

    def _gather(self) -> tuple[list[Store], bool]:
        """What waits, at least one; and whether nothing comes after it."""
        store = self._queue.get()
        stores: list[Store] = []
        size = 0
        while store is not None:
            stores.append(store)
            size += sum(len(part.row.lines) for part in store.operations if isinstance(part, Append))
            if len(stores) == _MOST_STORES or size >= _MOST_BYTES:
                return stores, False
            try:
                store = self._queue.get_nowait()
            except Empty:
                return stores, False
        return stores, True

    def _write(self, stores: Sequence[Store]) -> list[Event]:
        began = time.perf_counter()
        try:
            answers: list[Event] = [*(self._write_all(stores) or self._write_each(stores))]
        except Exception as error:  # noqa: BLE001  who waits is told, and the next are written
            self.figures.failing = str(error)
            return self._give_up(stores, error)
        self.figures.committed(time.perf_counter() - began)
        return answers

    def _write_all(self, stores: Sequence[Store]) -> list[Stored]:
        """All of them as one. Nothing, and nothing is written, if one of them fails: which is found out then.

        Savepoints around each would be two thirds of the statements.
        """
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for store in stores:
                for operation in store.operations:
                    self._perform(operation)
            self._connection.execute("COMMIT")
        except _FAILURES:
            self._forget()
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            return []
        return [Stored(store.ticket) for store in stores]

    def _write_each(self, stores: Sequence[Store]) -> list[Stored | StoreFailed]:
        self._connection.execute("BEGIN IMMEDIATE")
        answers = [self._write_one(store) for store in stores]
        self._connection.execute("COMMIT")
        return answers

    def _write_one(self, store: Store) -> Stored | StoreFailed:
        """One Store within the transaction. Raises sqlite3.Error when the transaction itself is lost."""
        self._connection.execute("SAVEPOINT store")
        try:
            for operation in store.operations:
                self._perform(operation)
        except _FAILURES as error:
            self._forget()
            if not self._connection.in_transaction:
                raise sqlite3.OperationalError(str(error)) from error
            self._connection.execute("ROLLBACK TO store")
            self._connection.execute("RELEASE store")
            _log.warning("a transaction could not be stored: %s", error)
            return StoreFailed(store.ticket, str(error))
        self._connection.execute("RELEASE store")
        return Stored(store.ticket)

    def _give_up(self, stores: Sequence[Store], error: Exception) -> list[Event]:
        self._forget()
        if self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error:
                _log.exception("the journal's transaction could not be rolled back")
        _log.error("the journal cannot be written: %s", error, exc_info=not isinstance(error, sqlite3.Error))
        return [StoreFailed(store.ticket, str(error)) for store in stores]

    def _forget(self) -> None:
        """After a rollback what is remembered may not be there."""
        self._sids.clear()
        self._tails.clear()

    def _perform(self, operation: Operation) -> None:
        match operation:
            case Append(session=session, row=row):
                self._append(self._sid(session), row)
            case PutSession(row=session_row):
                self._connection.execute(
                    "INSERT INTO sessions (id, data) VALUES (?, ?)"
                    " ON CONFLICT (id) DO UPDATE SET data = excluded.data",
                    (session_row.id, _encode(session_row)),
                )
            case AddPrompt(row=prompt, text=text):
                cursor = self._connection.execute(
                    "INSERT INTO prompts (id, sid, open, data) VALUES (?, ?, ?, ?)",
                    (prompt.id, self._sid(prompt.session), not prompt.ended, _encode(prompt)),
                )
                if not prompt.ended:
                    self._connection.execute("INSERT INTO texts VALUES (?, ?)", (cursor.lastrowid, text))
            case PutPrompt(row=prompt):
                self._connection.execute(
                    "UPDATE prompts SET open = ?, data = ? WHERE id = ?",
                    (not prompt.ended, _encode(prompt), prompt.id),
                )
                if prompt.ended:
                    self._connection.execute(
                        "DELETE FROM texts WHERE number = (SELECT number FROM prompts WHERE id = ?)",
                        (prompt.id,),
                    )
            case PutApproval(row=approval):
                self._connection.execute(
                    "INSERT INTO approvals (id, sid, open, data) VALUES (?, ?, ?, ?)"
                    " ON CONFLICT (id) DO UPDATE SET open = excluded.open, data = excluded.data",
                    (approval.id, self._sid(approval.session), not approval.ended, _encode(approval)),
                )
            case PutScale() | Trim() | PutRule() | DropRule():
                self._perform_seldom(operation)

    def _perform_seldom(self, operation: PutScale | Trim | PutRule | DropRule) -> None:
        match operation:
            case PutScale(words=words):
                self._connection.execute(
                    "INSERT INTO meta VALUES ('scale', ?)"
                    " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                    (words,),
                )
            case Trim(tombstone=tombstone):
                self._trim(tombstone)
            case PutRule(row=rule):
                self._connection.execute(
                    "INSERT INTO rules (id, data) VALUES (?, ?)", (rule.id, _encode(rule))
                )
            case DropRule(rule=rule_id):
                self._connection.execute("DELETE FROM rules WHERE id = ?", (rule_id,))

    def _trim(self, tombstone: Tombstone) -> None:
        sid = self._sid(tombstone.id)
        self._connection.execute(
            "UPDATE sessions SET data = ?, trimmed = 1 WHERE sid = ?", (_encode(tombstone), sid)
        )
        self._connection.execute("DELETE FROM approvals WHERE sid = ?", (sid,))
        # Of its prompts the ids and digests stay, not what they said.
        self._connection.execute(
            "UPDATE prompts SET data = CAST(json_set(CAST(data AS TEXT), '$.start', '') AS BLOB)"
            " WHERE sid = ?",
            (sid,),
        )
        self._sids.pop(tombstone.id, None)
        self._tails.pop(sid, None)
        self._sweeper.wake()
        self.figures.sweeping = True

    def _append(self, sid: int, row: Row) -> None:
        tail = self._tail(sid)
        if row.first != tail + 1 or row.count < 1:
            raise ValueError(f"a batch at {row.first} does not continue a log that ends at {tail}")
        self._connection.execute(
            "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?)",
            (sid, row.first, row.count, row.source.value, row.at, row.lines),
        )
        self._tails[sid] = tail + row.count

    def _sid(self, session: str) -> int:
        if session not in self._sids:
            found = self._connection.execute(
                "SELECT sid FROM sessions WHERE id = ? AND trimmed = 0", (session,)
            ).fetchone()
            if found is None:
                raise ValueError(f"no session {session}")
            self._sids[session] = found[0]
        return self._sids[session]

    def _tail(self, sid: int) -> int:
        if sid not in self._tails:
            found = self._connection.execute(
                "SELECT first + count - 1 FROM log WHERE sid = ? ORDER BY first DESC LIMIT 1", (sid,)
            ).fetchone()
            self._tails[sid] = found[0] if found else 0
        return self._tails[sid]
