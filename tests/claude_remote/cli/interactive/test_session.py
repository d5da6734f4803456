"""The whole interactive mode, from keys to the server and back, against a server that does what tests say."""

from __future__ import annotations

import json

import pytest

from claude_remote import facts, messages
from claude_remote.cli.interactive import asking
from claude_remote.errors import NotIdle, QueueFull, Revoked, RightMissing, ShuttingDown
from claude_remote.messages import Behavior
from claude_remote.rights import Right
from tests.claude_remote.cli.interactive.asked import APPROVAL
from tests.claude_remote.cli.interactive.conftest import Sits
from tests.claude_remote.cli.interactive.session_server import SessionServer
from tests.claude_remote.client import lines as claude

SHIFT_TAB = "\x1b[Z"
ALT_ENTER = "\x1b\r"
CTRL_C, CTRL_D = "\x03", "\x04"


def opened(tool: str = "Bash", approval: str = APPROVAL, **given: object) -> facts.Fact:
    return facts.ApprovalOpened(
        approval=approval,
        tool=tool,
        input=facts.Raw(json.dumps(given).encode()),
        summary=tool,
        tool_use="toolu_x",
        suggestions=facts.Raw(
            b'[{"type":"addRules","behavior":"allow","rules":[{"toolName":"Bash","ruleContent":"make *"}]}]'
        ),
    )


def delivered(behavior: Behavior = Behavior.ALLOW, by: str = "me@laptop") -> facts.Fact:
    return facts.ApprovalDelivered(approval=APPROVAL, behavior=behavior, by=by)


def test_a_prompt_and_its_answer(sits: Sits) -> None:
    user = sits()
    user.type("fix it\r")
    assert user.server.begin().text == "fix it"
    user.server.log(claude.delta("Fix"), claude.delta("ed."), claude.assistant("Fixed."))
    user.sees("Fixed.")
    user.server.finish()
    user.sees("1.5 s · $0.01")
    user.type(CTRL_D)
    assert user.leaves() == 0
    assert "Come back with: claude-remote -r fix-test" in user.shown


def test_nothing_was_prompted_and_nothing_is_said(sits: Sits) -> None:
    user = sits()
    user.type("/exit\r")
    assert user.leaves() == 0
    assert "Come back" not in user.shown
    assert user.server.prompts == []


def test_where_one_is(sits: Sits) -> None:
    user = sits(SessionServer(cost=1.25, mode="plan"), target=messages.Target(cwd="src/api", name="x"))
    user.sees("home:/home/me/src/api · fix-test · plan mode · $1.25 · ● connected")
    assert user.server.opened == [messages.Target(cwd="src/api", name="x")]


def test_a_first_prompt(sits: Sits) -> None:
    user = sits(first_prompt="go on")
    assert user.server.begin().text == "go on"


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (f"one{ALT_ENTER}two\r", "one\ntwo"),
        ("one\ntwo\r", "one\ntwo"),  # Ctrl-J
        ("one\\\rtwo\r", "one\ntwo"),
        ("\x1b[200~one\r\ntwo\rthree\x1b[201~\r", "one\ntwo\nthree"),
        ("  spaces around  \r", "spaces around"),
        ("/compact\r", "/compact"),
        ("/exit now\r", "/exit now"),
    ],
)
def test_what_is_typed_is_what_is_sent(sits: Sits, keys: str, text: str) -> None:
    user = sits()
    user.type(keys)
    assert user.server.prompt().text == text


def test_what_was_typed_before_comes_back(sits: Sits) -> None:
    user = sits()
    user.type("first\r")
    user.server.begin()
    user.server.finish()
    user.sees("1.5 s")
    user.type("\x1b[A\r")
    assert user.server.prompt(2).text == "first"


def test_help(sits: Sits) -> None:
    user = sits()
    user.type("/help\r")
    user.sees("Every other command is claude's own")
    assert user.server.prompts == []


# --- while a turn runs -------------------------------------------------------------------------------------


def test_a_prompt_that_waits_says_so_and_is_shown_when_it_begins(sits: Sits) -> None:
    user = sits()
    user.type("first\r")
    user.server.begin()
    user.server.log(claude.delta("Working"))
    user.sees("Writing")
    user.type("second\r")
    user.sees("queued: second")
    user.server.log(claude.assistant("First."))
    user.server.finish()
    user.server.begin(2)
    user.server.log(claude.assistant("Second."))
    user.sees("Second.")
    shown = user.shown
    assert shown.rindex("First.\n") < shown.rindex("second\n") < shown.rindex("Second.\n")


def test_why_a_prompt_waits(sits: Sits) -> None:
    server = SessionServer()
    server.waiting = messages.Waiting(why="worker", place=2)
    user = sits(server)
    user.type("x\r")
    user.sees("No worker is free, 2 prompts before it")


def test_ctrl_c_interrupts_and_the_prompt_that_waits_comes_back(sits: Sits) -> None:
    user = sits()
    user.type("first\r")
    user.server.begin()
    user.server.log(claude.delta("Working"))
    user.sees("Writing")
    user.type("second\r")
    user.sees("queued: second")
    user.server.prompt(2)
    user.type(CTRL_C)
    user.server.wait(lambda: user.server.interrupts)
    user.sees("Ctrl-C again leaves")
    user.server.finish(outcome="interrupted", reason="The turn was stopped.")
    user.sees("The turn was stopped.")
    user.type("!\r")
    assert user.server.prompt(3).text == "second!"


def test_ctrl_c_twice_leaves_and_the_turn_goes_on(sits: Sits) -> None:
    user = sits()
    user.type("first\r")
    user.server.begin()
    user.server.log(claude.delta("Half a"))
    user.sees("Half a")
    user.type(CTRL_C + CTRL_C)
    assert user.leaves() == 0
    end = user.shown[user.shown.rindex("Half a") :]
    assert end == "Half a\n\nThe turn goes on at home.\nCome back with: claude-remote -r fix-test\n"


def test_ctrl_c_clears_what_is_typed_first(sits: Sits) -> None:
    user = sits()
    user.type(f"rubbish{CTRL_C}good\r")
    assert user.server.prompt().text == "good"


def test_ctrl_d_deletes_while_something_is_typed(sits: Sits) -> None:
    user = sits()
    user.type(f"ab\x1b[D{CTRL_D}\r")
    assert user.server.prompt().text == "a"


def test_a_prompt_that_is_refused_can_be_changed(sits: Sits) -> None:
    server = SessionServer()
    server.refuse_prompts = QueueFull()
    user = sits(server)
    user.type("try\r")
    user.sees("Too many prompts wait already.")
    server.refuse_prompts = None
    user.type(" again\r")
    assert user.server.prompt().text == "try again"


def test_a_broken_connection_is_told_and_nothing_is_lost(sits: Sits) -> None:
    user = sits()
    user.type("x\r")
    user.server.begin()
    user.server.log(claude.delta("One "))
    user.sees("One")
    user.server.cut()
    user.sees("◌ reconnecting")
    user.server.log(claude.delta("two."), claude.assistant("One two."))
    user.sees("One two.")
    user.sees("● connected")


def test_a_server_that_restarts_is_waited_for(sits: Sits) -> None:
    user = sits()
    user.server.cut(ShuttingDown())
    user.sees("◌ reconnecting")
    user.sees("● connected")
    user.type("still there?\r")
    assert user.server.begin().text == "still there?"
    user.server.log(claude.assistant("Yes."))
    user.sees("Yes.")


def test_a_client_that_is_revoked_is_told_and_leaves(sits: Sits) -> None:
    user = sits()
    user.server.cut(Revoked())
    user.sees("The server's owner has revoked this client.")
    assert user.leaves() == 4


# --- questions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "behavior", "for_session", "reason"),
    [
        ("y", Behavior.ALLOW, False, ""),
        ("s", Behavior.ALLOW, True, ""),
        ("nuse a copy\r", Behavior.DENY, False, "use a copy"),
        ("n\r", Behavior.DENY, False, ""),
        ("xqn\x03y", Behavior.ALLOW, False, ""),
    ],
)
def test_an_approval(sits: Sits, keys: str, behavior: Behavior, for_session: bool, reason: str) -> None:
    user = sits()
    user.type("go\r")
    user.server.begin()
    user.server.log(opened(command="rm -rf build"))
    user.sees("rm -rf build")
    user.sees("[y]es  [s]ession")
    for key in keys:
        user.type(key)
    ((decide, payload),) = user.server.wait(lambda: user.server.decisions)
    assert (decide.approval, decide.behavior) == (APPROVAL, behavior)
    assert (decide.for_session, decide.message, payload) == (for_session, reason, b"")


def test_a_question_waits_for_who_is_typing(sits: Sits) -> None:
    user = sits()
    user.type("go\r")
    user.server.begin()
    user.type("by the way")
    user.sees("by the way")
    user.server.log(opened(command="ls"))
    user.sees("(Tab to answer)")
    user.type(" yes\r")
    assert user.server.prompt(2).text == "by the way yes"
    assert user.server.decisions == []
    user.type("\t")
    user.type("y")
    assert user.server.wait(lambda: user.server.decisions)


def test_a_key_in_the_instant_in_which_a_question_appears_decides_nothing(
    sits: Sits, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = sits()
    monkeypatch.setattr(asking, "NOT_READ_YET", 1000.0)
    user.type("go\r")
    user.server.begin()
    user.server.log(opened(command="ls"))
    user.sees("[y]es")
    user.type("you too\r")
    assert user.server.prompt(2).text == "you too"
    assert user.server.decisions == []


def test_what_somebody_else_decides_takes_the_question_away(sits: Sits) -> None:
    user = sits()
    user.type("go\r")
    user.server.begin()
    user.server.log(opened(command="ls"))
    user.sees("[y]es")
    user.server.log(delivered(Behavior.DENY, by="phone"))
    user.sees("⊘ denied by phone")
    user.sees("Ask Claude")
    user.type("y\r")
    assert user.server.prompt(2).text == "y"
    assert user.server.decisions == []


def test_questions_come_one_after_the_other(sits: Sits) -> None:
    other = "44444444-4444-4444-8444-444444444444"
    user = sits()
    user.type("go\r")
    user.server.begin()
    user.server.log(opened("Read", file_path="/etc/one"), opened("Read", other, file_path="/etc/two"))
    user.sees("/etc/one")
    user.sees("(1 more question)")
    user.type("y")
    user.sees("/etc/two")
    user.sees("[n]o")
    user.type("n")
    user.type("\r")
    decisions = user.server.wait(lambda: len(user.server.decisions) == 2 and user.server.decisions)
    assert [(decide.approval, decide.behavior) for decide, _ in decisions] == [
        (APPROVAL, Behavior.ALLOW),
        (other, Behavior.DENY),
    ]


def test_claude_asks_the_user(sits: Sits) -> None:
    questions = [{"question": "Which?", "options": [{"label": "A"}, {"label": "B"}], "multiSelect": False}]
    user = sits()
    user.type("go\r")
    user.server.begin()
    user.server.log(opened("AskUserQuestion", questions=questions))
    user.sees("[2] B")
    user.type("2")
    ((decide, payload),) = user.server.wait(lambda: user.server.decisions)
    assert decide.behavior is Behavior.ALLOW
    assert json.loads(payload) == {"questions": questions, "answers": {"Which?": "B"}}


def test_a_plan_after_which_edits_pass(sits: Sits) -> None:
    user = sits()
    user.type("go\r")
    user.server.begin()
    user.server.log(opened("ExitPlanMode", plan="1. Paint it."))
    user.sees("1 Paint it.")
    user.type("e")
    (decide, _), *_ = user.server.wait(lambda: user.server.decisions)
    assert (decide.behavior, decide.mode) == (Behavior.ALLOW, "acceptEdits")


def test_a_question_that_waited_already(sits: Sits) -> None:
    server = SessionServer()
    server.log(facts.TurnStarted(prompt=APPROVAL, client="phone"), opened(command="make"))
    user = sits(server, target=messages.Target(session="fix-test"))
    user.sees("make")
    user.type("y")
    assert server.wait(lambda: server.decisions)


# --- the rest ----------------------------------------------------------------------------------------------


def test_going_through_the_modes(sits: Sits) -> None:
    user = sits()
    user.sees("asks first")
    for mode, words in (("acceptEdits", "edits pass"), ("plan", "plan mode"), ("default", "asks first")):
        user.type(SHIFT_TAB)
        user.sees(words)
        user.server.wait(lambda mode=mode: ("set_permission_mode", {"mode": mode}) in user.server.controls)


def test_a_mode_that_is_refused(sits: Sits) -> None:
    server = SessionServer()
    server.answers["set_permission_mode"] = RightMissing("This needs the right `approve`.")
    user = sits(server)
    user.type(SHIFT_TAB)
    user.sees("This needs the right `approve`.")
    user.sees("asks first")


def test_completing_a_path(sits: Sits) -> None:
    server = SessionServer()
    server.answers["file_suggestions"] = {"suggestions": [{"path": "src/main.py"}], "cwd": "/p"}
    user = sits(server)
    user.type("look at @ma")
    user.sees("src/main.py")
    user.type("\t")
    user.sees("@src/main.py")
    user.type(" now\r")
    assert server.prompt().text == "look at @src/main.py now"
    assert ("file_suggestions", {"query": "ma"}) in server.controls


def test_a_path_that_cannot_be_completed_is_no_trouble(sits: Sits) -> None:
    server = SessionServer()
    server.answers["file_suggestions"] = NotIdle()
    user = sits(server)
    user.type("look at @ma\r")
    assert server.prompt().text == "look at @ma"


def test_completing_a_command_of_claudes(sits: Sits) -> None:
    commands = [{"name": "ship", "description": "Ship it", "argumentHint": "where"}]
    initialized = {"subtype": "success", "request_id": "i", "response": {"commands": commands}}
    server = SessionServer()
    server.log(claude.line("control_response", response=initialized), facts.ClaudeReady(version="1"))
    user = sits(server)
    user.type("/sh")
    user.sees("where  Ship it")
    user.type("\t\r")
    user.type(" home\r")
    assert server.prompt().text == "/ship home"


def test_a_command_is_proposed_when_it_becomes_known(sits: Sits) -> None:
    server = SessionServer()
    user = sits(server)
    user.type("/sh")
    user.sees("/sh")
    initialized = {"subtype": "success", "request_id": "i", "response": {"commands": [{"name": "ship"}]}}
    server.log(claude.line("control_response", response=initialized), facts.ClaudeReady(version="1"))
    user.sees("/ship")
    user.type("\t\r")
    user.type(" home\r")
    assert server.prompt().text == "/ship home"


def test_the_end_of_what_was_before(sits: Sits) -> None:
    server = SessionServer(turns=3)
    for number, prompt in enumerate(("1" * 8, "2" * 8, "3" * 8)):
        identity = f"{prompt}-1111-4111-8111-111111111111"
        said = claude.line("user", message={"content": f"ask {number}"}, isReplay=True, uuid=identity)
        server.log(facts.TurnStarted(prompt=identity, client="me@laptop"), said)
        server.log(claude.assistant(f"Answer {number}."), facts.TurnFinished(prompt=identity, outcome="done"))
    user = sits(server)
    user.sees("Answer 2.")
    assert "Earlier turns are not shown." in user.shown
    assert "Answer 0." not in user.shown
    assert "ask 1" in user.shown
    user.type(CTRL_D)
    user.leaves()
    assert "Come back with:" in user.shown


def test_who_may_not_view_sees_his_own_session_whole(sits: Sits) -> None:
    server = SessionServer(rights=(Right.PROMPT, Right.APPROVE))
    server.log(claude.assistant("Said before."))
    user = sits(server)
    user.sees("Said before.")
    user.type("go\r")
    user.server.begin()
    user.server.log(claude.assistant("Gone."))
    user.sees("Gone.")
    user.server.finish()
    user.sees("1.5 s")


def test_turns_of_others(sits: Sits) -> None:
    user = sits()
    said = claude.line("user", message={"content": "from afar"}, isReplay=True, uuid=APPROVAL)
    user.server.log(facts.TurnStarted(prompt=APPROVAL, client="phone"), said, claude.assistant("Yes."))
    user.sees("from afar  phone")
    user.sees("Yes.")
