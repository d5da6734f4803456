"""`claude-remote -p` on a terminal: the header, questions, answers, Ctrl-C."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from claude_remote import facts, messages
from claude_remote.messages import Behavior, PromptState
from tests.claude_remote.cli.test_print_mode import APPROVAL, Turn, says, turns
from tests.claude_remote.client.lines import (
    assistant,
    delta,
    message_start,
    result,
    tool_result,
    tool_use,
)
from tests.claude_remote.serving import Serve
from tests.e2e.programs import Terminal

ASKED = "\u203a "
pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[3]
PROGRAM = "import sys; from claude_remote.cli import main; sys.exit(main())"


def on_terminal(tmp_path: Path, *argv: str) -> Terminal:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "CLAUDE_REMOTE_HOME": str(tmp_path / "home")}
    return Terminal([sys.executable, "-c", PROGRAM, *argv], env, tmp_path)


def test_the_header_and_what_could_repaint_the_screen(serve_locally: Serve, tmp_path: Path) -> None:
    serve_locally(says(assistant("ab\x1b[2Jc\u202ed"), result("ab\x1b[2Jc\u202ed")))
    with on_terminal(tmp_path, "-p", "x", "-C", "src/api") as terminal:
        terminal.wait_for(r"home:src/api · session fix-test")
        terminal.wait_for(r"ab\\x1b\[2Jc\\u202ed")
        assert terminal.finish().code == 0


def test_all_that_claude_says_is_shown_each_message_on_a_line_of_its_own(
    serve_locally: Serve, tmp_path: Path
) -> None:
    serve_locally(
        says(
            delta("I look.\n"),
            assistant("I look.\n", tool_use("Bash", command="ls")),
            tool_result("a file"),
            message_start(),
            delta("Do"),
            assistant("Done"),
            result("Done"),
        )
    )
    with on_terminal(tmp_path, "-p", "x") as terminal:
        ran = terminal.finish()
    assert ran.code == 0
    assert "I look.\n" in ran.out
    assert ran.out.endswith("\nDone\n")


@pytest.mark.parametrize("end", ["cut", "interrupted"])
def test_what_was_said_of_a_turn_that_did_not_end_well_is_shown(
    serve_locally: Serve, tmp_path: Path, end: str
) -> None:
    def play(turn: Turn) -> None:
        turn.server.lines(delta("I begin, but"))
        if end == "interrupted":
            turn.server.expect(messages.Interrupt)
            turn.server.lines(assistant("I begin, but"), result(subtype="error_during_execution", error=True))
        turn.finish(PromptState.INTERRUPTED, "claude ended unexpectedly (killed)")

    serve_locally(turns(play))
    with on_terminal(tmp_path, "-p", "x") as terminal:
        terminal.wait_for("I begin, but")
        if end == "interrupted":
            terminal.type("\x03")
        ran = terminal.finish()
    assert ran.code == (130 if end == "interrupted" else 1)
    assert ran.out.count("I begin, but") == 1


@pytest.mark.parametrize(
    ("keys", "behavior", "for_session", "reason"),
    [
        (["y\r"], Behavior.ALLOW, False, ""),
        (["s\r"], Behavior.ALLOW, True, ""),
        (["what\r", "yes\r"], Behavior.ALLOW, False, ""),
        (["n\r", "use a copy\r"], Behavior.DENY, False, "use a copy"),
        (["n\r", "\r"], Behavior.DENY, False, ""),
        (["n not there\r"], Behavior.DENY, False, "not there"),
    ],
)
def test_an_approval_is_asked_and_answered(
    serve_locally: Serve,
    tmp_path: Path,
    keys: list[str],
    behavior: Behavior,
    *,
    for_session: bool,
    reason: str,
) -> None:
    decisions: list[messages.Decide] = []

    def play(turn: Turn) -> None:
        turn.ask("pytest -x")
        decisions.append(turn.server.expect(messages.Decide))
        turn.fact(facts.ApprovalDelivered(approval=APPROVAL, behavior=behavior, by="me@laptop"))
        turn.server.lines(assistant("Fixed."), result("Fixed."))
        turn.finish()

    serve_locally(turns(play))
    with on_terminal(tmp_path, "-p", "x") as terminal:
        terminal.wait_for(r"Bash: pytest -x    \[y\]es \[s\]ession \[n\]o " + ASKED)
        for key in keys:
            terminal.type(key)
            if key != keys[-1]:
                terminal.wait_for(ASKED)
        terminal.wait_for(r"Fixed\.")
        assert terminal.finish().code == 0
    assert decisions == [
        messages.Decide(approval=APPROVAL, behavior=behavior, for_session=for_session, message=reason)
    ]


def test_a_question_that_somebody_else_answers_is_withdrawn(serve_locally: Serve, tmp_path: Path) -> None:
    shown = threading.Event()

    def play(turn: Turn) -> None:
        turn.ask()
        assert shown.wait(30)
        turn.fact(facts.ApprovalDelivered(approval=APPROVAL, behavior=Behavior.ALLOW, by="me@phone"))
        turn.server.lines(assistant("Fixed."), result("Fixed."))
        turn.finish()

    serve_locally(turns(play))
    with on_terminal(tmp_path, "-p", "x") as terminal:
        terminal.wait_for(ASKED)
        shown.set()
        terminal.wait_for(r"\(allow by me@phone\)\nFixed\.\n$")
        assert terminal.finish().code == 0


def test_ctrl_c_at_a_question_interrupts_the_turn(serve_locally: Serve, tmp_path: Path) -> None:
    def play(turn: Turn) -> None:
        turn.server.lines(delta("I begin"))
        turn.ask()
        turn.server.expect(messages.Interrupt)
        turn.fact(facts.ApprovalVoid(approval=APPROVAL, reason="the turn was interrupted"))
        turn.server.lines(assistant("I begin"), result(subtype="error_during_execution", error=True))
        turn.finish(PromptState.INTERRUPTED)

    serve_locally(turns(play))
    with on_terminal(tmp_path, "-p", "x") as terminal:
        terminal.wait_for(ASKED)
        terminal.type("\x03")
        assert terminal.finish().code == 130


def test_a_new_server_is_asked_about(serve_tls: Serve, tmp_path: Path) -> None:
    from tests.claude_remote.client.test_connecting import look_away

    server = serve_tls(look_away)
    with on_terminal(tmp_path, "-s", server.address, "ping") as terminal:
        terminal.wait_for(r"is not known yet. Its fingerprint is\n  SHA256:")
        terminal.type("n\r")
        assert terminal.finish().code == 2
