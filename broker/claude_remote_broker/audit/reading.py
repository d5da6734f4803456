"""Reads the audit for who asks from afar: bounded pieces, in a thread of its own."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import msgspec

from claude_remote.audit import join
from claude_remote.audit.chain import decode
from claude_remote_broker.audit import database
from claude_remote_broker.failure import Failure
from claude_remote_broker.ports import AuditRead, Event, LookAtAudit

_log = logging.getLogger(__name__)

MOST_BYTES = 512 * 1024  # of one answer; a record is far smaller
_MOST_LOOKED_AT = 20_000  # of one answer


class AuditReader:
    """Answers LookAtAudit by AuditRead, in order."""

    def __init__(self, path: Path, deliver: Callable[[Event], None]) -> None:
        self._path = path
        self._deliver = deliver
        self._queue: SimpleQueue[LookAtAudit | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="audit-reader", daemon=True)
        self._thread.start()

    def look(self, command: LookAtAudit) -> None:
        """Ask."""
        self._queue.put(command)

    def close(self) -> None:
        """Answer what was asked, and end."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        while (command := self._queue.get()) is not None:
            try:
                connection = connection or database.open_to_read(self._path)
                answer = _read(connection, command)
            except (sqlite3.Error, msgspec.DecodeError, UnicodeDecodeError, Failure) as error:
                _log.error("the audit could not be read: %s", error)
                answer = AuditRead(command.ticket, failure=str(error))
            self._deliver(answer)
        if connection is not None:
            connection.close()


def _read(connection: sqlite3.Connection, command: LookAtAudit) -> AuditRead:
    lines: list[bytes] = []
    size, last = 0, command.after
    for looked, (seq, hash_, body) in enumerate(database.records(connection, command.after), 1):
        last = seq
        if command.wanted.takes(decode(body)):
            lines.append(join(hash_, body))
            size += len(lines[-1])
        if size >= MOST_BYTES or looked >= _MOST_LOOKED_AT or len(lines) >= command.most:
            return AuditRead(command.ticket, b"".join(lines), last, more=True)
    return AuditRead(command.ticket, b"".join(lines), last)
