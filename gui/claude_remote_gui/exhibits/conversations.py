"""What was said in the sessions."""

from __future__ import annotations

import msgspec

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
from claude_remote.messages import Behavior
from claude_remote_gui.exhibits.identities import uuid
from claude_remote_gui.exhibits.questions import EDIT

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


def conversation() -> list[Change]:
    """That of fix-dates."""
    edit = msgspec.json.encode(EDIT)
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
