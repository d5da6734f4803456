"""Lines of claude's that are nested deeper than can be read: they are passed over, and end nothing."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from claude_remote import facts
from claude_remote.client.answer import Answer
from claude_remote.client.conversation import frames, summaries
from claude_remote.client.log import LogReader
from claude_remote.client.turn import _is_result
from claude_remote.messages import Events, Source
from claude_remote.output_filter import OutputFilter

DEEP = b"[" * 5000 + b"]" * 5000
LINE = (
    b'{"type":"assistant","message":{"content":[{"type":"tool_use","id":"t","name":"X","input":%s}]}}' % DEEP
)
FACT = (
    b'{"fact":"approval-opened","approval":"a","tool":"X","input":{"a":%s},"summary":"s","tool_use":"t"}'
    % DEEP
)


@pytest.mark.parametrize(
    ("read", "wanted"),
    [
        (Answer().read, []),
        (frames.read, None),
        (_is_result, False),
        (OutputFilter().shows, True),
    ],
)
def test_a_line_is_passed_over(read: Callable[[bytes], object], wanted: object) -> None:
    assert read(LINE) == wanted


def test_what_is_inside_a_line_is_passed_over() -> None:
    assert frames.read_details(msgspec.Raw(DEEP)) == frames.Details()
    assert summaries.read_input(DEEP) == {}


def test_a_fact_does_not_fit() -> None:
    with pytest.raises(msgspec.ValidationError, match="too deep"):
        facts.decode(FACT)
    events = Events(generation=1, first=1, count=1, source=Source.FACT, at=1.0)
    (event,) = LogReader(None).read(events, FACT + b"\n")
    assert type(event).__name__ == "UnknownFact"
