"""The database: its tables, its version, and how connections to it are made."""

from __future__ import annotations

import secrets
import sqlite3
from pathlib import Path

from claude_remote.files import make_private_folder, private_umask

APPLICATION_ID = 0x636C7262  # "clrb", as `file` shows it
VERSION = 2

# A batch is one row: an integer session, and one plain index whose uniqueness also forbids doubles.
# A prompt's text lies apart, so that a change of state does not write it again.
# What is left of a trimmed session (its `data` is a Tombstone then) keeps its sid, which nobody gets again:
# 1 while its log is being removed, 2 afterwards.
_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sessions (
    sid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, data BLOB NOT NULL, trimmed INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX sessions_trimmed ON sessions (sid) WHERE trimmed = 1;
CREATE TABLE log (
    sid INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL,
    source TEXT NOT NULL, at REAL NOT NULL, lines BLOB NOT NULL
);
CREATE UNIQUE INDEX log_place ON log (sid, first);
CREATE TABLE prompts (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, sid INTEGER NOT NULL,
    open INTEGER NOT NULL, data BLOB NOT NULL
);
CREATE INDEX prompts_open ON prompts (number) WHERE open;
CREATE TABLE texts (number INTEGER PRIMARY KEY, text BLOB NOT NULL);
CREATE TABLE approvals (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, sid INTEGER NOT NULL,
    open INTEGER NOT NULL, data BLOB NOT NULL
);
CREATE INDEX approvals_open ON approvals (number) WHERE open;
CREATE INDEX prompts_of_session ON prompts (sid);
CREATE INDEX approvals_of_session ON approvals (sid);
"""
# What came later. An older program works without it.
_ADDED = """
CREATE TABLE IF NOT EXISTS rules (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, data BLOB NOT NULL);
"""


class JournalUnusable(Exception):
    """The journal cannot be opened. The message is for the server's owner and says what to do."""


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode; transactions are begun and ended by name. Use it in one thread."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=5.0, check_same_thread=False)
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def prepare(path: Path) -> None:
    """Create the database if it is missing, and see that it is ours. Raises JournalUnusable."""
    make_private_folder(path.parent)
    try:
        with private_umask():
            connection = connect(path)
        try:
            _prepare(connection, path)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise JournalUnusable(explain(path, error)) from error


def explain(path: Path, error: sqlite3.Error) -> str:
    """One sentence for the server's owner, and the remedy."""
    words = str(error)
    if "locked" in words or "busy" in words:
        return f"{path} is in use by another program; end that program and start again"
    if "malformed" in words or "not a database" in words:
        return f"{path} is damaged ({words}); move it away to begin anew, its sessions can be resumed by id"
    if "unable to open" in words or "readonly" in words:
        return f"{path} cannot be written ({words}); see who owns it and its folder"
    return f"{path} cannot be used: {words}"


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    # Before anything is written: afterwards only a VACUUM of all of it would change that.
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA journal_size_limit = 67108864")
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if tables == 0:
        _create(connection)
    elif application != APPLICATION_ID:
        raise JournalUnusable(f"{path} is another program's database; move it away")
    elif version > VERSION:
        raise JournalUnusable(
            f"{path} was written by a newer version of this program (schema {version}, this one knows "
            f"{VERSION}); update this one, or move the file away"
        )
    else:
        _bring_up_to_date(connection, version)
    _run(connection, _ADDED)
    connection.execute("COMMIT")


def _bring_up_to_date(connection: sqlite3.Connection, version: int) -> None:
    if version < 2:
        connection.execute("ALTER TABLE sessions ADD COLUMN trimmed INTEGER NOT NULL DEFAULT 0")
        connection.execute("CREATE INDEX sessions_trimmed ON sessions (sid) WHERE trimmed = 1")
        connection.execute("CREATE INDEX prompts_of_session ON prompts (sid)")
        connection.execute("CREATE INDEX approvals_of_session ON approvals (sid)")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _create(connection: sqlite3.Connection) -> None:
    _run(connection, _TABLES)
    connection.executemany(
        "INSERT INTO meta VALUES (?, ?)",
        [("state_id", secrets.token_hex(8)), ("boot_id", ""), ("clean", "yes"), ("run", "0")],
    )
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _run(connection: sqlite3.Connection, statements: str) -> None:
    # executescript would commit first.
    for statement in statements.split(";"):
        if statement.strip():
            connection.execute(statement)
