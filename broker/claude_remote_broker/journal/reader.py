"""The journal's reader: bounded pieces of logs, and old prompts and approvals by their ids."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import TypeAlias

import msgspec

from claude_remote.messages import Source
from claude_remote_broker.journal import schema
from claude_remote_broker.journal.rows import ApprovalRow, PromptRow
from claude_remote_broker.journal.writer import CommitFigures
from claude_remote_broker.ports import (
    Event,
    FindApproval,
    FindPrompt,
    Found,
    JournalFigures,
    Load,
    Loaded,
    Measure,
    Measured,
    Row,
)

_log = logging.getLogger(__name__)
_prompt = msgspec.json.Decoder(PromptRow)
_approval = msgspec.json.Decoder(ApprovalRow)

# Of an id; as in claude_remote_broker.core.
SHORTEST_BEGINNING = 4

Question: TypeAlias = Load | FindPrompt | FindApproval | Measure


class Reader:
    """A thread of its own with a connection of its own. It never waits for the writer (WAL)."""

    def __init__(self, path: Path, deliver: Callable[[Event], None], commits: CommitFigures) -> None:
        self._path = path
        self._commits = commits
        self._connection = schema.connect(path)
        self._connection.execute("PRAGMA query_only = 1")
        self._deliver = deliver
        self._queue: SimpleQueue[Question | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="journal-reader", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def put(self, question: Question) -> None:
        """Ask, from any thread. Answered by Loaded or Found, in order."""
        self._queue.put(question)

    def close(self) -> None:
        """Answer what was asked, and close. Waits for it."""
        self._queue.put(None)
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        while (question := self._queue.get()) is not None:
            self._deliver(self._answer(question))

    def _answer(self, question: Question) -> Event:
        """An unreadable place of the log answers as if it were empty: nobody is left waiting."""
        try:
            match question:
                case Load():
                    return Loaded(question.ticket, tuple(self._load(question)))
                case FindPrompt():
                    return Found(question.ticket, self._find("prompts", question.prompt, _prompt))
                case FindApproval():
                    return Found(question.ticket, self._find_approval(question.approval))
                case Measure():
                    return Measured(question.ticket, self._measure())
        except Exception:  # noqa: BLE001  whatever it is, the next question is answered
            _log.exception("the journal could not be read")
        if isinstance(question, Measure):
            return Measured(question.ticket)
        return Loaded(question.ticket, ()) if isinstance(question, Load) else Found(question.ticket)

    def _measure(self) -> JournalFigures:
        pages, free, size = (
            int(self._connection.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        log = self._path.with_name(f"{self._path.name}-wal")
        disk = os.statvfs(self._path)
        commits = self._commits
        return JournalFigures(
            used=(pages - free) * size,
            free=free * size,
            log=log.stat().st_size if log.exists() else 0,
            room=disk.f_bavail * disk.f_frsize,
            commit=commits.last,
            commit_at=commits.at,
            worst_commit=commits.worst.read(),
            failing=commits.failing,
            sweeping=commits.sweeping,
        )

    def _find(
        self,
        table: str,
        key: str,
        decoder: msgspec.json.Decoder[PromptRow] | msgspec.json.Decoder[ApprovalRow],
    ) -> PromptRow | ApprovalRow | None:
        found = self._connection.execute(
            f"SELECT data FROM {table} WHERE id = ?",  # noqa: S608  the table's name is ours
            (key,),
        ).fetchone()
        return decoder.decode(found[0]) if found else None

    def _find_approval(self, key: str) -> PromptRow | ApprovalRow | None:
        if len(key) < SHORTEST_BEGINNING:
            return None
        # Of the letters of ids none comes after g.
        found = self._connection.execute(
            "SELECT id FROM approvals WHERE id >= ? AND id < ? LIMIT 2", (key, key + "g")
        ).fetchall()
        return self._find("approvals", found[0][0], _approval) if len(found) == 1 else None

    def _load(self, load: Load) -> list[Row]:
        """The rows that hold what comes after the cursor; the first of them may begin before it."""
        rows: list[Row] = []
        left = load.limit
        cursor = self._connection.execute(
            "SELECT log.rowid, first, count, source, at, length(lines),"
            " CASE WHEN count > 1 OR length(lines) <= :limit THEN lines END"
            " FROM log JOIN sessions USING (sid) WHERE sessions.id = :session AND first >= ("
            "   SELECT coalesce(max(first), 0) FROM log AS before"
            "   WHERE before.sid = sessions.sid AND before.first <= :next)"
            " ORDER BY first",
            {"limit": load.limit, "session": load.session, "next": load.after + 1},
        )
        try:
            for rowid, first, count, source, at, size, lines in cursor:
                if first + count - 1 <= load.after:
                    continue
                if rows and size > left:
                    break
                if lines is None:
                    return [self._piece(load, rowid, Row(first, count, Source(source), at, b""), size)]
                rows.append(Row(first, count, Source(source), at, lines))
                left -= size
        finally:
            cursor.close()
        return rows

    def _piece(self, load: Load, rowid: int, row: Row, size: int) -> Row:
        with self._connection.blobopen("log", "lines", rowid, readonly=True) as blob:
            blob.seek(min(load.offset, size))
            lines = blob.read(load.limit)
        return Row(row.first, row.count, row.source, row.at, lines, load.offset + len(lines) < size)
