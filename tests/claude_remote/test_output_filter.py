"""Which lines are shown. The proof against the real claude is in tests/e2e."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_remote.output_filter import OutputFilter, as_json_output

PLAIN = OutputFilter()
ALWAYS = [
    b'{"type":"system","subtype":"init","session_id":"x"}',
    b'{"type":"system","subtype":"status","status":null,"permissionMode":"plan"}',
    b'{"type":"system","subtype":"status","status":"compacting"}',
    b'{"type":"assistant","message":{"content":[]}}',
    b'{"type":"user","message":{"content":[]}}',
    b'{"duration_ms":1,"type":"result","subtype":"success"}',
    b'{"type":"something_new","subtype":3}',
    b"not json at all",
    b"[]",
]
NEVER = [
    b'{"type":"control_request","request_id":"1","request":{"subtype":"can_use_tool"}}',
    b'{"type":"control_response","response":{}}',
    b'{"type":"control_cancel_request","request_id":"1"}',
    b'{"type":"command_lifecycle","state":"queued"}',
    b'{"state":"idle","subtype":"session_state_changed","type":"system"}',
]
PARTIAL = [
    b'{"type":"stream_event","event":{"type":"message_stop"}}',
    b'{"event":{},"type":"stream_event"}',
    b'{"type":"system","subtype":"status","status":"requesting"}',
]
REPLAY = [b'{"type":"user","message":{"content":"hi"},"isReplay":true}']


@pytest.mark.parametrize("line", ALWAYS)
def test_shown_always(line: bytes) -> None:
    assert PLAIN.shows(line)


@pytest.mark.parametrize("line", NEVER)
def test_never_shown(line: bytes) -> None:
    assert not OutputFilter(partial=True, replay=True).shows(line)


@pytest.mark.parametrize("line", PARTIAL)
def test_partial_messages_are_asked_for(line: bytes) -> None:
    assert not PLAIN.shows(line)
    assert OutputFilter(partial=True).shows(line)


@pytest.mark.parametrize("line", REPLAY)
def test_echoed_prompts_are_asked_for(line: bytes) -> None:
    assert not PLAIN.shows(line)
    assert OutputFilter(replay=True).shows(line)


@given(st.lists(st.sampled_from([*ALWAYS, *NEVER, *PARTIAL, *REPLAY])), st.booleans(), st.booleans())
def test_lines_are_left_as_they_are(lines: list[bytes], partial: bool, replay: bool) -> None:
    shown = OutputFilter(partial=partial, replay=replay)
    chosen = shown.select(b"".join(line + b"\n" for line in lines))
    assert chosen == b"".join(line + b"\n" for line in lines if shown.shows(line))


def test_the_one_result_of_json_output() -> None:
    line = b'{"b":[1, 2.50],"type":"result","model_usage_since_last_result":{"x":1},"a":"\\u00fc"}\n'
    assert as_json_output(line) == b'{"b":[1, 2.50],"type":"result","a":"\\u00fc"}'
