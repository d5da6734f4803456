"""The audit's database: one table that is only ever added to."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from claude_remote.audit import BEGINNING, Link
from claude_remote.files import make_private_folder, private_umask
from claude_remote_broker.failure import Failure

APPLICATION_ID = 0x636C7261  # "clra", as `file` shows it
VERSION = 1
EMPTY = Link(0, BEGINNING)

_TABLE = "CREATE TABLE records (seq INTEGER PRIMARY KEY, hash TEXT NOT NULL, body BLOB NOT NULL)"
_AT_ONCE = 500


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode. Each commit is on the disk before it returns (synchronous=FULL)."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=5.0, check_same_thread=False)
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def prepare(path: Path) -> None:
    """Create the database if it is missing. Raises Failure when it cannot be used."""
    try:
        make_private_folder(path.parent)
        with private_umask():
            connection = connect(path)
        with closing(connection):
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            if not tables:
                connection.execute(_TABLE)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {VERSION}")
            elif application != APPLICATION_ID or version > VERSION:
                raise Failure(f"{path} is no audit that this version can write; move it away, and keep it")
            connection.execute("COMMIT")
    except (sqlite3.Error, OSError) as error:
        raise Failure(f"the audit cannot be kept in {path}: {error}") from None


def head(connection: sqlite3.Connection) -> Link:
    """The last record; EMPTY if there is none."""
    found = connection.execute("SELECT seq, hash FROM records ORDER BY seq DESC LIMIT 1").fetchone()
    return Link(*found) if found else EMPTY


def records(connection: sqlite3.Connection, after: int = 0) -> Iterator[tuple[int, str, bytes]]:
    """Number, hash and bytes of each record after this one, in their order."""
    while True:
        found = connection.execute(
            "SELECT seq, hash, body FROM records WHERE seq > ? ORDER BY seq LIMIT ?", (after, _AT_ONCE)
        ).fetchall()
        for seq, hash_, body in found:
            # Somebody else may have put anything there.
            yield seq, str(hash_), body if isinstance(body, bytes) else str(body).encode("utf-8", "replace")
        if len(found) < _AT_ONCE:
            return
        after = found[-1][0]


def open_to_read(path: Path) -> sqlite3.Connection:
    """Also beside a server that writes. Raises Failure when there is no audit or it cannot be read."""
    if not path.exists():
        raise Failure(f"there is no audit yet: no server has run on this state ({path.parent})")
    try:
        connection = connect(path)
        connection.execute("PRAGMA query_only = 1")
        head(connection)
    except sqlite3.Error as error:
        raise Failure(f"{path} cannot be read: {error}") from None
    return connection
