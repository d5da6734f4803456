"""Made-up contents for pictures of the window."""

from __future__ import annotations

from typing import Any

import msgspec

from claude_remote import facts
from claude_remote.client.approving import File
from claude_remote.client.conversation.items import (
    Change,
    Ended,
    Note,
    Question,
    Said,
    ToolState,
    ToolUse,
    Words,
)
from claude_remote.messages import (
    ApprovalInfo,
    Behavior,
    ClientInfo,
    ClientState,
    RuleInfo,
    Scope,
    SessionInfo,
    SessionState,
)
from claude_remote.rights import FULL, WATCH, WORK
from claude_remote_gui.activity import Entry, Kind
from claude_remote_gui.feed.picture import Approval, Picture

_ANSWER = """\
The test fails because `parse_date` reads the day before the month. Two things follow:

1. **The parser** takes the order from the locale now.
2. The fixture is written in ISO 8601, so that it means the same everywhere.

```python
def parse_date(text: str, order: str = "ymd") -> date:
    year, month, day = split(text, order)
    return date(year, month, day)
```

| file | lines |
|---|---|
| src/dates.py | 12 |
| tests/test_dates.py | 4 |
"""
_EDIT = {
    "file_path": "/home/mia/src/api/src/dates.py",
    "old_string": "def parse_date(text):\n    day, month, year = text.split('/')\n    return date(year, month, day)\n",  # noqa: E501  as Claude sends it
    "new_string": """\
def parse_date(text: str, order: str = "ymd") -> date:
    year, month, day = split(text, order)
    return date(year, month, day)
""",
}
_FILE = f"""\
from datetime import date

from api.locale import split

{_EDIT["old_string"]}

def format_date(day: date) -> str:
    return day.isoformat()
"""

_QUESTIONS = [
    {
        "question": "How shall the release be announced?",
        "header": "Announcement",
        "multiSelect": True,
        "options": [
            {"label": "Changelog", "description": "A section in CHANGELOG.md"},
            {"label": "Mail", "description": "To the list of users, after the tag is there"},
        ],
    },
    {
        "question": "Which number?",
        "header": "Number",
        "multiSelect": False,
        "options": [
            {"label": "1.4.0", "description": "Nothing breaks"},
            {"label": "2.0.0", "description": "The old options go"},
        ],
    },
]


def uuid(number: int) -> str:
    """The same for the same number."""
    return f"00000000-0000-4000-8000-{number:012d}"


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


def question() -> facts.ApprovalOpened:
    """What the session fix-dates waits with."""
    return facts.ApprovalOpened(
        approval=uuid(901),
        tool="Edit",
        input=msgspec.Raw(msgspec.json.encode(_EDIT)),
        summary="src/dates.py",
        tool_use="toolu_1",
        path=_EDIT["file_path"],
        suggestions=msgspec.Raw(b'[{"type":"setMode","mode":"acceptEdits","destination":"session"}]'),
    )


def file() -> File:
    """The one that it asks to change, as it is there."""
    return File(path="/home/mia/src/api/src/dates.py", content=_FILE.encode())


def choice() -> facts.ApprovalOpened:
    """What the session release waits with."""
    return facts.ApprovalOpened(
        approval=uuid(903),
        tool="AskUserQuestion",
        input=msgspec.Raw(msgspec.json.encode({"questions": _QUESTIONS})),
        summary="How shall the release be announced?",
        tool_use="toolu_2",
    )


def rules(now: float) -> list[RuleInfo]:
    """What passes on the server of this machine."""
    laptop, desk = "mia@laptop", "sam@desk"
    return [
        RuleInfo(
            id=uuid(801),
            rule="Bash(pytest *)",
            scope=Scope.FOLDER,
            folder="/home/mia/src/api",
            by=laptop,
            created=now - 9_000,
            expires=now + 19_800,
            used=14,
            last_used=now - 70,
        ),
        RuleInfo(
            id=uuid(802),
            rule="Edit(docs/**)",
            scope=Scope.SESSION,
            session=uuid(2),
            session_name="docs",
            by=laptop,
            created=now - 1_500,
            expires=now + 2_100,
            used=3,
            last_used=now - 300,
        ),
        RuleInfo(
            id=uuid(803),
            rule="WebFetch(domain:docs.python.org)",
            scope=Scope.EVERYWHERE,
            by=desk,
            created=now - 300_000,
        ),
    ]


def conversation() -> list[Change]:
    """That of fix-dates."""
    edit = msgspec.json.encode(_EDIT)
    return [
        Said(id=1, text="test_dates fails on the build machine, but not here. Why?", client="mia@laptop"),
        Words(id=2, kind="thinking", text="It must be the locale. " * 20),
        ToolUse(
            id=3,
            tool_use="t3",
            tool="Bash",
            summary="pytest -q tests/test_dates.py",
            input=b'{"command": "pytest -q tests/test_dates.py", "description": "Run the tests of dates"}',
            state=ToolState.FAILED,
            outcome="1 failed, 11 passed in 0.42s",
        ),
        ToolUse(
            id=4,
            tool_use="t4",
            tool="Read",
            summary="src/dates.py",
            input=b'{"file_path": "/home/mia/src/api/src/dates.py"}',
            state=ToolState.DONE,
            outcome="88 lines",
        ),
        Words(id=5, kind="answer", text=_ANSWER),
        Ended(id=6, prompt=None, outcome="done", error=False, reason="", cost=0.21, duration=34.0),
        Said(id=7, text="Do it, please.", client="mia@laptop"),
        Question(
            id=8,
            approval=uuid(902),
            tool="Bash",
            input=b"{}",
            summary="",
            tool_use="t8",
            decision=Behavior.ALLOW,
            by="sam@desk",
        ),
        Note(id=9, level="warning", text="The model is overloaded; tried again twice."),
        Question(
            id=10,
            done=False,
            approval=uuid(901),
            tool="Edit",
            input=edit,
            summary="src/dates.py",
            tool_use="t9",
        ),
    ]


def release() -> list[Change]:
    """The conversation of release."""
    return [
        Said(id=1, text="Prepare the next release.", client="mia@laptop"),
        ToolUse(
            id=2,
            tool_use="r2",
            tool="Bash",
            summary="make dist",
            input=b'{"command": "make dist"}',
            state=ToolState.DONE,
            outcome="dist/api-1.4.0.tar.gz",
        ),
        Words(id=3, kind="answer", text="The archive is built. Before I tag it, **two questions**:"),
    ]


def activity(now: float) -> list[Entry]:
    """What happened a moment ago."""
    lines: tuple[tuple[Kind, str, str, str], ...] = (
        ("client", "mia@laptop", "", "has 2 connections"),
        ("prompt", "mia@laptop", "fix-dates", "'test_dates fails on the build machine …' runs"),
        ("approval", "mia@laptop", "fix-dates", "Claude asks \u2014 Bash: pytest -q tests/test_dates.py"),
        (
            "approval",
            "mia@laptop",
            "fix-dates",
            "decided by sam@desk \u2014 Bash: pytest -q tests/test_dates.py",
        ),
        (
            "answer",
            "mia@laptop",
            "fix-dates",
            "The test fails because parse_date reads the day before the month.",
        ),
        ("prompt", "mia@laptop", "fix-dates", "'test_dates fails on …' is done (34.0 s, $0.21)"),
        ("connection", "", "", "2 events missed; a new picture is asked for"),
        ("client", "wren", "", "asks to be let in"),
    )
    return [
        Entry(now - 80 + 9 * number, "this machine", kind, client, session, text)
        for number, (kind, client, session, text) in enumerate(lines)
    ]
