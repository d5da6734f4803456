"""The one who writes the audit: a thread of its own, so that nobody waits for its disk."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from claude_remote.audit import Link
from claude_remote_broker.audit import database
from claude_remote_broker.audit.entry import Entry
from claude_remote_broker.audit.scribe import Scribe

_log = logging.getLogger(__name__)

# What waits for a disk that does not take it; then the newest are counted instead of kept.
MOST_WAITING = 20_000
_AT_ONCE = 256
_PAUSES = (0.1, 0.5, 2.0, 10.0, 30.0)  # seconds between attempts


class AuditState(Struct):
    """How the audit fares, for `status`."""

    written: int = 0  # since the start
    waiting: int = 0
    lost: int = 0  # that could not be kept
    failing: str = ""  # why nothing can be written now

    def problems(self) -> list[str]:
        """In words."""
        found: list[str] = []
        if self.failing:
            found.append(f"audit: cannot be written ({self.failing}); {self.waiting} records wait")
        if self.lost:
            found.append(f"audit: {self.lost} records were lost while it could not be written")
        return found


class AuditLog:
    """`record` is called on the loop; what was handed over is written together, with one sync of the disk.

    `own` is the server's fingerprint, which the first record of a chain names. `grown` is called from the
    thread with each new head.
    """

    def __init__(self, path: Path, own: str, scribe: Scribe) -> None:
        self._path = path
        self._own = own
        self._scribe = scribe
        self._waiting: deque[Entry] = deque()
        self._stirred = threading.Condition()
        self._closing = False
        self._lost = 0
        self._head: Link | None = None
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._connection: sqlite3.Connection | None = None
        self.state = AuditState()
        self.grown: Callable[[Link], None] = lambda _head: None

    @property
    def head(self) -> Link | None:
        """The last record that is on disk; None before there is one."""
        return self._head if self._head is not None and self._head.seq else None

    def open(self) -> None:
        """Blocking. Raises Failure when there is no way to keep an audit."""
        database.prepare(self._path)
        self._connection = database.connect(self._path)
        self._head = database.head(self._connection)
        if not self._head.seq:
            self.record(Entry(kind="audit-began", at=time.time(), detail={"server": self._own}))
        self._thread.start()

    def record(self, entry: Entry) -> None:
        """Add this. Never waits, never raises."""
        with self._stirred:
            if len(self._waiting) >= MOST_WAITING:
                self._lost += 1
                self.state.lost += 1
            else:
                self._waiting.append(entry)
            self.state.waiting = len(self._waiting)
            self._stirred.notify()

    def close(self) -> None:
        """Write what was handed over, if the disk takes it. Waits for it."""
        with self._stirred:
            self._closing = True
            self._stirred.notify()
        if self._thread.is_alive():
            self._thread.join()
        if self._connection is not None:
            self._connection.close()

    # --- the thread ------------------------------------------------------------------------------------

    def _run(self) -> None:
        failures = 0
        while True:
            with self._stirred:
                while not self._waiting and not self._closing:
                    self._stirred.wait()
                entries = [self._waiting[place] for place in range(min(_AT_ONCE, len(self._waiting)))]
                lost = self._lost
                last = self._closing
            if not entries:
                return
            if self._write(entries, lost):
                failures = 0
            elif last:
                _log.error("%d records of the audit could not be written and are lost", len(self._waiting))
                return
            else:
                with self._stirred:
                    self._stirred.wait_for(
                        lambda: self._closing, timeout=_PAUSES[min(failures, len(_PAUSES) - 1)]
                    )
                failures += 1

    def _write(self, entries: Sequence[Entry], lost: int) -> bool:
        """Write these, which stay in the queue until they are on disk."""
        connection = self._connection
        if connection is None:
            return False
        try:
            connection.execute("BEGIN IMMEDIATE")
            head = self._append(connection, entries, lost)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._failed(connection, error)
            return False
        with self._stirred:
            for _ in entries:
                self._waiting.popleft()
            self._lost -= lost
            self.state.waiting = len(self._waiting)
        if self.state.failing:
            _log.warning("the audit is written again")
        self.state.failing = ""
        self.state.written += head.seq - (self._head.seq if self._head is not None else 0)
        self._head = head
        self.grown(head)
        return True

    def _append(self, connection: sqlite3.Connection, entries: Sequence[Entry], lost: int) -> Link:
        head = database.head(connection)
        before = [*self._notes(head, lost)]
        for entry in [*before, *entries]:
            head, body = self._scribe.write(entry, head)
            connection.execute("INSERT INTO records VALUES (?, ?, ?)", (head.seq, head.hash, body))
        return head

    def _notes(self, head: Link, lost: int) -> Sequence[Entry]:
        """What has to be said of the audit itself."""
        notes: list[Entry] = []
        if self._head is not None and head != self._head:
            # `clients` writes here only while no server runs.
            words = {"expected": str(self._head), "found": str(head)}
            _log.error("somebody else has changed the audit: it ended at %s, now at %s", self._head, head)
            notes.append(Entry(kind="audit-changed", at=time.time(), outcome="alarm", detail=words))
        if lost:
            _log.error("%d records of the audit were lost while it could not be written", lost)
            words = {"records": str(lost)}
            notes.append(Entry(kind="audit-lost", at=time.time(), outcome="alarm", detail=words))
        return notes

    def _failed(self, connection: sqlite3.Connection, error: sqlite3.Error) -> None:
        if connection.in_transaction:
            try:
                connection.execute("ROLLBACK")
            except sqlite3.Error:
                _log.exception("the audit's transaction could not be rolled back")
        if self.state.failing != str(error):
            _log.error("the audit cannot be written, and is tried again: %s", error)
        self.state.failing = str(error)
