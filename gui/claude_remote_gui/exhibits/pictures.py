"""Two servers: their sessions, clients and approvals."""

from __future__ import annotations

from typing import Any

from claude_remote.messages import ApprovalInfo, ClientInfo, ClientState, SessionInfo, SessionState
from claude_remote.rights import FULL, WATCH, WORK
from claude_remote_gui.exhibits.identities import uuid
from claude_remote_gui.feed.picture import Approval, Picture


def home(now: float) -> Picture:
    """The server of this machine."""
    sessions = [
        _session(
            1, "fix-dates", SessionState.WAITING, now, approvals=1, turns=3, cost=0.42, model="claude-opus"
        ),
        _session(2, "docs", SessionState.WORKING, now, cwd="/home/mia/src/docs", turns=1, cost=0.08),
        _session(3, "spike", SessionState.IDLE, now, turns=12, cost=3.1, client="sam@desk"),
        _session(4, "yesterday", SessionState.PARKED, now - 90_000, turns=4, cost=0.9),
    ]
    asked = _approval(1, 1, "Edit", "src/dates.py", now)
    done = _approval(2, 1, "Bash", "pytest -q tests/test_dates.py", now - 400)
    clients = [
        _client("A", "mia@laptop", ClientState.APPROVED, now, rights=tuple(sorted(FULL)), connections=2),
        _client("B", "sam@desk", ClientState.APPROVED, now),
        _client("C", "screen", ClientState.APPROVED, now - 7_000, rights=tuple(sorted(WATCH)), connections=1),
        _client("D", "wren", ClientState.PENDING, now, rights=()),
        _client("E", "old-phone", ClientState.REVOKED, now - 400_000),
    ]
    return Picture(
        generation=1,
        host="workshop",
        version="1.0.0",
        sessions={each.id: each for each in sessions},
        clients={each.fingerprint: each for each in clients},
        approvals={asked.id: Approval(asked), done.id: Approval(done, "finished", "sam@desk")},
        turns={uuid(1): now - 95, uuid(2): now - 12},
    )


def build(now: float) -> Picture:
    """Another one."""
    session = _session(
        7,
        "release",
        SessionState.WAITING,
        now,
        host="build",
        cwd="/srv/release",
        approvals=1,
        turns=2,
        cost=1.7,
    )
    asked = _approval(3, 7, "AskUserQuestion", "How shall the release be announced?", now)
    taken = _approval(4, 7, "Bash", "make dist", now - 30)
    return Picture(
        generation=1,
        host="build",
        version="1.0.0",
        sessions={session.id: session},
        approvals={asked.id: Approval(asked), taken.id: Approval(taken, "taken", "mia@laptop")},
        turns={session.id: now - 340},
    )


def _session(number: int, name: str, state: SessionState, now: float, **more: Any) -> SessionInfo:
    fields: dict[str, Any] = {"host": "workshop", "cwd": "/home/mia/src/api", "client": "mia@laptop", **more}
    return SessionInfo(
        id=uuid(number), name=name, state=state, created=now - 9_000, changed=now - 60 * number, **fields
    )


def _client(letter: str, name: str, state: ClientState, now: float, **more: Any) -> ClientInfo:
    fields: dict[str, Any] = {
        "rights": tuple(sorted(WORK)),
        "user": name.split("@", maxsplit=1)[0],
        "host": "laptop",
        **more,
    }
    return ClientInfo(
        name=name,
        state=state,
        fingerprint=f"SHA256:{letter}9fQm3Yx0vJ2LkP7sTzWcRbNdHgUeAiXo5KqMtVwEy4S"[:50],
        words="ladder orbit maple cactus window tango",
        address="192.0.2.17",
        version="1.0.0",
        first_seen=now - 90_000,
        last_seen=now - 40,
        **fields,
    )


def _approval(number: int, session: int, tool: str, summary: str, now: float) -> ApprovalInfo:
    return ApprovalInfo(
        id=uuid(900 + number),
        session=uuid(session),
        session_name="fix-dates" if session == 1 else "release",
        tool=tool,
        summary=summary,
        seq=7,
        since=now - 100 + number,
    )
