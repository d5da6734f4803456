"""Claude's lines as text: pieces, whole blocks, second tries, slash commands."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from claude_remote.client.answer import (
    Answer,
    NewText,
    Piece,
    Result,
    Retry,
    Rewritten,
    Text,
    ToolResult,
    ToolUse,
)
from tests.claude_remote.client.lines import (
    assistant,
    block_stop,
    delta,
    line,
    message_start,
    result,
    tool_result,
    tool_use,
)


def read(*lines: bytes) -> list[Piece]:
    answer = Answer()
    return [piece for each in lines for piece in answer.read(each) if not isinstance(piece, Result)]


def test_text_comes_in_pieces_and_once() -> None:
    assert read(
        message_start(), delta("Hel"), delta("lo"), assistant("Hello"), block_stop(), result("Hello")
    ) == [Text("Hel"), Text("lo")]


def test_the_whole_block_completes_the_pieces() -> None:
    assert read(message_start(), delta("Hel"), assistant("Hello"), result("Hello")) == [
        Text("Hel"),
        Text("lo"),
    ]


def test_messages_are_set_apart() -> None:
    assert read(delta("One"), assistant("One"), message_start(), delta("Two"), assistant("Two")) == [
        Text("One"),
        NewText(),
        Text("Two"),
    ]


def test_a_broken_stream_is_written_again() -> None:
    assert read(delta("Half of"), message_start(), delta("Whole"), assistant("Whole"), result("Whole")) == [
        Text("Half of"),
        Rewritten(),
        Text("Whole"),
    ]


def test_the_final_block_overrides_its_pieces() -> None:
    assert read(delta("Half of"), assistant("Something else"), result("Something else")) == [
        Text("Half of"),
        Rewritten(),
        Text("Something else"),
    ]


def test_what_only_the_result_says() -> None:
    assert read(result("Total cost: $0")) == [Text("Total cost: $0")]


def test_what_only_a_synthetic_message_says() -> None:
    assert read(assistant("API Error: 400", model="<synthetic>"), result("API Error: 400")) == [
        Text("API Error: 400")
    ]


def test_the_last_block_is_the_result() -> None:
    assert read(assistant("One"), assistant("Two"), result("Two")) == [Text("One"), NewText(), Text("Two")]


def test_subagents_and_echoes_are_not_the_answer() -> None:
    assert (
        read(
            delta("inner", parent="toolu_1"),
            assistant("inner", parent="toolu_1"),
            line("user", message={"content": "hello"}, isReplay=True),
        )
        == []
    )


def test_tools() -> None:
    use = tool_use("Bash", command="ls")
    assert read(assistant("I look.", use), tool_result("no", error=True)) == [
        Text("I look."),
        ToolUse(str(use["id"]), "Bash", {"command": "ls"}, None),
        ToolResult("toolu_1", True, "no", None),
    ]


def test_retries() -> None:
    retry = line(
        "system",
        subtype="api_retry",
        attempt=1,
        max_retries=10,
        retry_delay_ms=500,
        error_status=529,
        error="overloaded",
    )
    assert read(retry) == [Retry(1, 10, 0.5, "overloaded", 529)]


def test_the_result_is_read() -> None:
    (piece,) = Answer().read(
        result(subtype="error_max_turns", error=True, errors=["too many"], terminal_reason="max_turns")
    )
    assert isinstance(piece, Result)
    assert (piece.error, piece.errors, piece.reason) == (True, ("too many",), "max_turns")


def test_lines_of_unknown_shape_add_nothing() -> None:
    assert read(b"", b"[]", b"not json", line("assistant"), line("stream_event"), line("new", x=1)) == []


@given(st.lists(st.text(min_size=1), min_size=1, max_size=20))
def test_however_it_is_cut_the_text_is_whole(pieces: list[str]) -> None:
    whole = "".join(pieces)
    shown = read(*map(delta, pieces), assistant(whole), result(whole))
    assert "".join(piece.text for piece in shown if isinstance(piece, Text)) == whole


@given(st.binary(max_size=200))
def test_any_bytes_are_survived(raw: bytes) -> None:
    Answer().read(raw)
