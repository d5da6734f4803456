"""What a new broker finds in the journal of the one before."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec
from msgspec import Struct

from claude_remote_broker.journal import schema
from claude_remote_broker.journal.rows import ApprovalRow, PromptRow, RuleRow, SessionRow, Tombstone

# So many trimmed sessions are remembered by name; the ids of their prompts are on disk for ever.
MOST_TOMBSTONES = 10_000


class WaitingPrompt(Struct, frozen=True):
    """A prompt that has not ended, and its text."""

    row: PromptRow
    text: bytes


class RecoveredSession(Struct, frozen=True):
    """A session with what is open in it, in the order in which it came."""

    row: SessionRow
    tail: int
    prompts: tuple[WaitingPrompt, ...] = ()
    approvals: tuple[ApprovalRow, ...] = ()


class Recovered(Struct, frozen=True):
    """All that a core begins with. `run` counts the starts of brokers on this journal, this one included."""

    state_id: str = ""
    run: int = 1
    sessions: tuple[RecoveredSession, ...] = ()
    tombstones: tuple[Tombstone, ...] = ()  # the latest of them, oldest first
    scale: str = ""  # see PutScale
    rules: tuple[RuleRow, ...] = ()


def recover(path: Path, boot_id: str) -> Recovered:
    """Open the journal, note this start, and read what is open. Blocking. Raises JournalUnusable.

    `boot_id` names the present life of the machine. When it is another than at the last start and that one
    did not end cleanly, power may have been lost, and with it the last moments of any log (the database is
    written with synchronous=NORMAL): then every session gets a new generation.
    """
    schema.prepare(path)
    try:
        connection = schema.connect(path)
        try:
            connection.execute("BEGIN IMMEDIATE")
            recovered = _recover(connection, boot_id)
            connection.execute("COMMIT")
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise schema.JournalUnusable(schema.explain(path, error)) from error
    except msgspec.DecodeError as error:
        raise schema.JournalUnusable(
            f"{path} holds a record that this version cannot read ({error}); update, or move the file away"
        ) from error
    return recovered


def _recover(connection: sqlite3.Connection, boot_id: str) -> Recovered:
    meta: dict[str, str] = dict(connection.execute("SELECT key, value FROM meta"))
    lost = meta["clean"] != "yes" and meta["boot_id"] != boot_id
    run = int(meta["run"]) + 1
    connection.executemany(
        "UPDATE meta SET value = ? WHERE key = ?", [(str(run), "run"), (boot_id, "boot_id"), ("no", "clean")]
    )
    prompts: dict[int, list[WaitingPrompt]] = {}
    for sid, data, text in connection.execute(
        "SELECT sid, data, text FROM prompts JOIN texts USING (number) WHERE open ORDER BY number"
    ):
        prompts.setdefault(sid, []).append(WaitingPrompt(msgspec.json.decode(data, type=PromptRow), text))
    approvals: dict[int, list[ApprovalRow]] = {}
    for sid, data in connection.execute("SELECT sid, data FROM approvals WHERE open ORDER BY number"):
        approvals.setdefault(sid, []).append(msgspec.json.decode(data, type=ApprovalRow))
    sessions: list[RecoveredSession] = []
    for sid, data in connection.execute(
        "SELECT sid, data FROM sessions WHERE trimmed = 0 ORDER BY sid"
    ).fetchall():
        row = msgspec.json.decode(data, type=SessionRow)
        if lost:
            row = msgspec.structs.replace(row, generation=row.generation + 1)
            connection.execute("UPDATE sessions SET data = ? WHERE sid = ?", (msgspec.json.encode(row), sid))
        tail = connection.execute(
            "SELECT first + count - 1 FROM log WHERE sid = ? ORDER BY first DESC LIMIT 1", (sid,)
        ).fetchone()
        sessions.append(
            RecoveredSession(
                row, tail[0] if tail else 0, tuple(prompts.get(sid, ())), tuple(approvals.get(sid, ()))
            )
        )
    rules = tuple(
        msgspec.json.decode(data, type=RuleRow)
        for (data,) in connection.execute("SELECT data FROM rules ORDER BY number")
    )
    tombstones = [
        msgspec.json.decode(data, type=Tombstone)
        for (data,) in connection.execute("SELECT data FROM sessions WHERE trimmed > 0")
    ]
    tombstones.sort(key=lambda each: each.trimmed)
    latest = tuple(tombstones[-MOST_TOMBSTONES:])
    return Recovered(meta["state_id"], run, tuple(sessions), latest, meta.get("scale", ""), rules)
