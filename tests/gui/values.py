"""Values that the tests of the window are made of."""

from __future__ import annotations

import uuid

from claude_remote.feed import AnyItem, Published, Snapshot
from claude_remote.messages import ApprovalInfo, ClientInfo, ClientState, SessionInfo, SessionState
from claude_remote.rights import WORK, Right


def ident(number: int) -> str:
    """The same UUID for the same number."""
    return str(uuid.UUID(int=number, version=4))


def session(number: int = 1, **fields: object) -> SessionInfo:
    values: dict[str, object] = {
        "id": ident(number),
        "name": f"session-{number}",
        "state": SessionState.IDLE,
        "host": "home",
        "cwd": "/home/me/src/api",
        "client": "me@laptop",
        "created": 1_000.0,
        "changed": 1_000.0 + number,
    }
    return SessionInfo(**(values | fields))  # type: ignore[arg-type]


def approval(number: int = 1, **fields: object) -> ApprovalInfo:
    values: dict[str, object] = {
        "id": ident(1_000 + number),
        "session": ident(1),
        "session_name": "session-1",
        "tool": "Bash",
        "summary": "make test",
        "seq": 4,
        "since": 1_000.0 + number,
    }
    return ApprovalInfo(**(values | fields))  # type: ignore[arg-type]


def client(number: int = 1, **fields: object) -> ClientInfo:
    letter = chr(ord("A") + number % 26)
    values: dict[str, object] = {
        "name": f"client-{number}",
        "state": ClientState.APPROVED,
        "fingerprint": "SHA256:" + letter * 43,
        "words": "able baker charlie dog easy fox",
        "address": "192.0.2.7",
        "rights": tuple(right for right in Right if right in WORK),
        "user": "me",
        "host": "laptop",
        "version": "1.0",
        "first_seen": 900.0,
        "last_seen": 1_000.0,
    }
    return ClientInfo(**(values | fields))  # type: ignore[arg-type]


def snapshot(generation: int = 1, seq: int = 0, **fields: object) -> Snapshot:
    values: dict[str, object] = {
        "generation": generation,
        "seq": seq,
        "at": 1_000.0,
        "host": "home",
        "version": "1.0",
        "clients": (),
        "sessions": (),
        "approvals": (),
        "workers": (),
    }
    return Snapshot(**(values | fields))  # type: ignore[arg-type]


def published(seq: int, *items: AnyItem, generation: int = 1, at: float = 1_000.0) -> Published:
    return Published(generation=generation, seq=seq, at=at, items=items)
