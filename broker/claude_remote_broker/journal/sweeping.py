"""Trimmed sessions leave the file: their logs row by row, then the room that they took. In small bites.

Done by the writer's thread when nothing is to be stored; a store waits for one bite at most.
"""

from __future__ import annotations

import logging
import sqlite3
import time

_log = logging.getLogger(__name__)

# A bite takes some milliseconds: so many bytes of logs, or so many pages at the end of the file.
_BYTES = 4 * 1024 * 1024
_ROWS = 256
_PAGES = 512
# What may stay free in the file for what comes next: then nothing is moved for it.
_FREE_PAGES = 64
_AFTER_FAILURE = 30.0


class Sweeper:
    """`bite` does a little; `busy` says whether there is more."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._not_before = 0.0
        self.busy = True  # until it was looked: the life before may not have come to the end

    def wake(self) -> None:
        """A session was trimmed."""
        self.busy = True

    @property
    def due(self) -> bool:
        """Whether a bite may be taken now."""
        return self.busy and time.monotonic() >= self._not_before

    def bite(self) -> None:
        """A transaction of its own. What fails is tried again later; nothing is lost but room."""
        try:
            self.busy = self._sweep() or self._shrink()
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            _log.warning("what was trimmed cannot be removed yet: %s", error)
            self._not_before = time.monotonic() + _AFTER_FAILURE

    def _sweep(self) -> bool:
        found = self._connection.execute("SELECT sid FROM sessions WHERE trimmed = 1 LIMIT 1").fetchone()
        if found is None:
            return False
        rows: list[tuple[int]] = []
        size = 0
        for rowid, length in self._connection.execute(
            "SELECT rowid, length(lines) FROM log WHERE sid = ? ORDER BY first LIMIT ?", (found[0], _ROWS)
        ):
            rows.append((rowid,))
            size += length
            if size >= _BYTES:
                break
        self._connection.execute("BEGIN IMMEDIATE")
        if rows:
            self._connection.executemany("DELETE FROM log WHERE rowid = ?", rows)
        else:
            self._connection.execute("UPDATE sessions SET trimmed = 2 WHERE sid = ?", found)
        self._connection.execute("COMMIT")
        return True

    def _shrink(self) -> bool:
        """Give pages back to the file system; the file ends earlier after the next checkpoint."""
        free = _number(self._connection, "freelist_count")
        if free <= _FREE_PAGES:
            return False
        # Not execute: that takes one step of it, which is one page.
        self._connection.executescript(f"PRAGMA incremental_vacuum({_PAGES});")
        left = _number(self._connection, "freelist_count")
        if left > _FREE_PAGES and left < free:
            return True
        self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        return False


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    found = connection.execute(f"PRAGMA {pragma}").fetchone()
    return int(found[0])
