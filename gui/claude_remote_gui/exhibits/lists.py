"""Standing rules, and what has happened."""

from __future__ import annotations

from claude_remote.messages import RuleInfo, Scope
from claude_remote_gui.activity import Entry, Kind
from claude_remote_gui.exhibits.identities import uuid


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
