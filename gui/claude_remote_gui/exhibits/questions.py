"""What the sessions wait with."""

from __future__ import annotations

import msgspec

from claude_remote import facts
from claude_remote.client.approving import File
from claude_remote_gui.exhibits.identities import uuid

EDIT = {
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

{EDIT["old_string"]}

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


def question() -> facts.ApprovalOpened:
    """What the session fix-dates waits with."""
    return facts.ApprovalOpened(
        approval=uuid(901),
        tool="Edit",
        input=msgspec.Raw(msgspec.json.encode(EDIT)),
        summary="src/dates.py",
        tool_use="toolu_1",
        path=EDIT["file_path"],
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
