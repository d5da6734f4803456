"""The tables of the journal as its writer changes them, in transactions that the writer begins and ends."""

from __future__ import annotations

import sqlite3
from typing import TypeAlias

import msgspec

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
from claude_remote_broker.ports import Row

_encode = msgspec.json.Encoder().encode

# Rows of logs that one statement takes: each statement gives the interpreter's lock away, and has to wait
# until the loop lets it have it again. There is one for each number of rows; sqlite3 keeps them prepared.
_AT_ONCE = 64
_INSERTS = [
    "INSERT INTO log VALUES " + ", ".join(["(?, ?, ?, ?, ?, ?)"] * count)  # noqa: S608  of our own words
    for count in range(_AT_ONCE + 1)
]

_LogRow: TypeAlias = tuple[int, int, int, str, float, bytes]


class Tables:
    """Knows the sessions by their numbers, and where each log ends. `forget` after every rollback."""

    def __init__(self, connection: sqlite3.Connection, sweeper: Sweeper) -> None:
        self._connection = connection
        self._sweeper = sweeper
        self._sids: dict[str, int] = {}
        self._tails: dict[int, int] = {}
        self._rows: list[_LogRow] = []

    def forget(self) -> None:
        """What is remembered may not be there."""
        self._sids.clear()
        self._tails.clear()
        self._rows.clear()

    def flush(self) -> None:
        """Write the rows of logs that have gathered."""
        rows, self._rows = self._rows, []
        for start in range(0, len(rows), _AT_ONCE):
            some = rows[start : start + _AT_ONCE]
            self._connection.execute(_INSERTS[len(some)], [value for row in some for value in row])

    def perform(self, operation: Operation) -> None:
        """Carry it out, but for rows of logs: they gather until `flush`. Raises sqlite3.Error, ValueError."""
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

    def _append(self, sid: int, row: Row) -> None:
        tail = self._tail(sid)
        if row.first != tail + 1 or row.count < 1:
            raise ValueError(f"a batch at {row.first} does not continue a log that ends at {tail}")
        self._rows.append((sid, row.first, row.count, row.source.value, row.at, row.lines))
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
