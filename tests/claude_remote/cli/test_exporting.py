import pytest

from claude_remote.cli.exporting.markdown import as_markdown
from claude_remote.client.conversation.items import Ended, Question, Said, ToolState, ToolUse, Words
from claude_remote.messages import Behavior


def test_what_was_said_is_quoted() -> None:
    assert as_markdown(Said(id=1, text="one\ntwo", client="laptop")) == "## laptop\n\n> one\n> two"


def test_an_answer_is_markdown_already() -> None:
    assert as_markdown(Words(id=1, kind="answer", text="*yes*")) == "*yes*"


@pytest.mark.parametrize(("text", "fence"), [("a", "```"), ("```\na\n```", "````"), ("`````", "``````")])
def test_nothing_ends_a_block_of_code_too_early(text: str, fence: str) -> None:
    assert as_markdown(Words(id=1, kind="output", text=text)) == f"{fence}\n{text}\n{fence}"


def test_a_tool_is_folded_and_its_title_is_no_markup() -> None:
    use = ToolUse(
        id=1,
        tool_use="t",
        tool="Bash",
        summary="cat <a & b>\nc",
        input=b'{"command":"cat"}',
        state=ToolState.DONE,
        outcome="2 lines",
    )
    assert as_markdown(use) == (
        "<details><summary>✓ Bash: cat &lt;a &amp; b&gt; c → 2 lines</summary>\n\n"
        '```json\n{"command":"cat"}\n```\n\n</details>'
    )


def test_a_decision_names_who_made_it() -> None:
    question = Question(
        id=1,
        approval="a",
        tool="Bash",
        input=b"{}",
        summary="rm -r /",
        tool_use="t",
        decision=Behavior.DENY,
        by="phone",
        message="no",
    )
    assert as_markdown(question) == "*Claude asked for Bash: rm -r / · denied by phone (no)*"


def test_a_turn_ends() -> None:
    ended = Ended(
        id=1, prompt=None, outcome="interrupted", error=False, reason="Stopped.", cost=0, duration=1
    )
    assert as_markdown(ended) == "*Stopped.*\n\n---"
