"""Approvals by the commands: seen, shown, decided from other clients, answered by rules; with receipts."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.e2e.lab import Client, Lab
from tests.e2e.programs import PATIENCE, Running
from tests.fakes.messages_api import bash, reply, text, tool

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def bob(lab: Lab) -> Client:
    """Another client."""
    return lab.approved("bob")


def opened(client: Client, count: int = 1) -> list[dict[str, Any]]:
    """What is open, as soon as there are so many."""
    deadline = time.monotonic() + PATIENCE
    found: list[dict[str, Any]] = []
    while time.monotonic() < deadline:
        found = json.loads(client.run("approvals", "--json").out)
        if len(found) == count:
            return found
        time.sleep(0.05)
    raise TimeoutError(f"{count} approvals are not open; there are {found}")


def of(found: list[dict[str, Any]], words: str) -> dict[str, Any]:
    (one,) = [each for each in found if words in each["summary"]]
    return one


def steps(client: Client, session: str) -> list[dict[str, Any]]:
    """The facts of a session about its approvals, in order."""
    ran = client.run("attach", session, "--no-follow", "--output-format", "json")
    events = [json.loads(line) for line in ran.out.splitlines()]
    facts = [event.get("event", event) for event in events]
    return [fact for fact in facts if "approval" in fact]


def names(found: list[dict[str, Any]]) -> list[str]:
    return [fact["fact"] for fact in found]


WHOLE = ["approval-opened", "approval-delivered", "approval-taken", "tool-finished"]


def prompting(client: Client, words: str, *argv: str) -> Running:
    return client.start("-p", words, "--on-approval", "wait", *argv)


def test_two_sessions_answered_from_two_clients_in_the_opposite_order(
    lab: Lab, alice: Client, bob: Client, words: str
) -> None:
    lab.api.on(f"{words} 1", bash("touch first-of-two"), text("First."))
    lab.api.on(f"{words} 2", bash("touch second-of-two"), text("Second."))
    one = prompting(alice, f"{words} 1", "-n", "two-1")
    two = prompting(alice, f"{words} 2", "-n", "two-2")
    with one, two:
        found = opened(bob, 2)
        ran = bob.run("allow", of(found, "second-of-two")["id"][:8])
        assert ran.code == 0, ran
        assert two.finish().out == "Second.\n"
        assert not (lab.work / "first-of-two").exists()
        ran = alice.run("deny", of(found, "first-of-two")["id"], "-m", "not this one")
        assert ran.code == 0, ran
        assert one.finish().out == "First.\n"
    late = bob.run("allow", of(found, "first-of-two")["id"][:8], "--rule", "Bash(touch *)")
    assert (late.code, late.err) == (1, "claude-remote: alice was first and has denied it\n")
    assert json.loads(bob.run("rules", "--json").out) == []
    assert not (lab.work / "first-of-two").exists()
    assert (lab.work / "second-of-two").exists()
    assert names(steps(alice, "two-2")) == WHOLE
    assert names(steps(alice, "two-1")) == WHOLE  # what is denied has a result, too: the refusal
    assert any("not this one" in result.words for call in lab.api.calls for result in call.results)


def test_two_clients_at_the_same_moment(lab: Lab, alice: Client, bob: Client, words: str) -> None:
    """One wins, the other is told, and the tool runs once or not at all."""
    for number in range(3):
        name = f"same-{number}"
        lab.api.on(f"{words} {number}", bash(f"echo x >> {name}"), text("Done."))
        with prompting(alice, f"{words} {number}", "-n", name) as prompt:
            (found,) = opened(bob)
            with alice.start("allow", found["id"]) as yes, bob.start("deny", found["id"], "-m", "no") as no:
                allowed, denied = yes.finish(), no.finish()
            assert prompt.finish().code == 0
        assert sorted((allowed.code, denied.code)) == [0, 1], (allowed, denied)
        path = lab.work / name
        assert (path.read_text() if path.exists() else "") == ("x\n" if allowed.code == 0 else "")
        loser = denied if allowed.code == 0 else allowed
        assert "was first and has" in loser.err, loser
        delivered = [fact for fact in steps(alice, name) if fact["fact"] == "approval-delivered"]
        assert [fact["by"] for fact in delivered] == ["alice" if allowed.code == 0 else "bob"]


def test_the_same_answer_from_two_clients_is_taken_for_both(
    lab: Lab, alice: Client, bob: Client, words: str
) -> None:
    lab.api.on(words, bash("echo x >> agreed"), text("Done."))
    with prompting(alice, words) as prompt:
        (found,) = opened(bob)
        with alice.start("allow", found["id"]) as one, bob.start("allow", found["id"]) as other:
            assert (one.finish().code, other.finish().code) == (0, 0)
        assert prompt.finish().code == 0
    assert (lab.work / "agreed").read_text() == "x\n"
    late = bob.run("allow", found["id"])
    assert late.code == 0, late  # it was allowed, and Claude took it
    late = bob.run("deny", found["id"])
    assert (late.code, "was first and has allowed it" in late.err) == (1, True)


def test_after_the_turn_was_interrupted(lab: Lab, alice: Client, bob: Client, words: str) -> None:
    lab.api.on(words, bash("touch interrupted"), text("Done."))
    with prompting(alice, words, "-n", "stopped") as prompt:
        (found,) = opened(bob)
        assert alice.run("interrupt", "stopped").code == 0
        prompt.finish()
    opened(bob, 0)
    ran = bob.run("allow", found["id"])
    assert ran.code == 1
    assert "no more" in ran.err
    assert not (lab.work / "interrupted").exists()
    assert names(steps(alice, "stopped")) == ["approval-opened", "approval-void"]


def test_deny_with_stop(lab: Lab, alice: Client, bob: Client, words: str) -> None:
    lab.api.on(words, bash("touch stopped-here"), text("This is never said."))
    with prompting(alice, words, "-n", "halted") as prompt:
        (found,) = opened(bob)
        ran = bob.run("deny", found["id"], "--stop", "-m", "enough")
        assert ran.code == 0, ran
        assert prompt.finish().code == 1
    assert not (lab.work / "stopped-here").exists()
    told = steps(alice, "halted")
    assert names(told)[:3] == WHOLE[:3]
    assert told[1]["message"] == "enough"


def test_parallel_reads(lab: Lab, alice: Client, bob: Client, words: str) -> None:
    """Several questions of one message, answered in another order than they came."""
    reads = [tool("Read", file_path=f"/etc/{name}") for name in ("hostname", "passwd", "group")]
    lab.api.on(words, reply(*reads), text("Read."))
    with prompting(alice, words, "-n", "reading") as prompt:
        found = opened(bob, 3)
        for name, command in (("group", "allow"), ("hostname", "deny"), ("passwd", "allow")):
            assert bob.run(command, of(found, name)["id"]).code == 0
        assert prompt.finish().out == "Read.\n"
    results = {result.error for result in lab.api.calls[-1].results}
    assert [result.error for result in lab.api.calls[-1].results].count(True) == 1, results
    told = steps(alice, "reading")
    for each in found:
        assert names([fact for fact in told if fact["approval"] == each["id"]]) == WHOLE


# --- rules ---------------------------------------------------------------------------------------------


def test_a_rule_answers_and_ends_in_mid_session(lab: Lab, alice: Client, bob: Client, words: str) -> None:
    lab.api.on(words, bash("mkdir ruled-1"), bash("mkdir ruled-2"), text("Two."))
    lab.api.on(f"again {words}", bash("mkdir ruled-3"), text("Three."))
    with prompting(alice, words, "-n", "ruled") as prompt:
        (found,) = opened(bob)
        shown = bob.run("show", found["id"]).out
        assert "$ mkdir ruled-1" in shown, shown
        ran = bob.run("allow", found["id"], "--rule", "Bash(mkdir *)", "--for", "1h")
        assert ran.code == 0, ran
        assert prompt.finish().out == "Two.\n"
    assert (lab.work / "ruled-2").is_dir()
    (rule,) = json.loads(bob.run("rules", "--json").out)
    assert (rule["rule"], rule["scope"], rule["by"], rule["used"]) == ("Bash(mkdir *)", "session", "bob", 1)
    delivered = [fact for fact in steps(alice, "ruled") if fact["fact"] == "approval-delivered"]
    assert [fact.get("rule", "") for fact in delivered] == ["", rule["id"]]
    assert "allowed by a rule of bob" in bob.run("attach", "ruled", "--no-follow").out
    assert bob.run("rules", "remove", rule["id"][:8]).code == 0
    with prompting(alice, f"again {words}", "-r", "ruled") as prompt:
        (found,) = opened(bob)
        assert bob.run("deny", found["id"]).code == 0
        assert prompt.finish().code == 0
    assert not (lab.work / "ruled-3").exists()


def test_a_rule_that_expires_in_mid_session(lab: Lab, alice: Client, bob: Client, words: str) -> None:
    lab.api.on(words, bash("mkdir timed-1"), text("One."))
    lab.api.on(f"again {words}", bash("mkdir timed-2"), text("Two."))
    ran = bob.run("rules", "add", "Bash(mkdir timed-*)", "--everywhere", "--for", "8s")
    assert ran.code == 0, ran
    done = alice.run("-p", words, "-n", "timed")
    assert done.out == "One.\n", done
    assert (lab.work / "timed-1").is_dir()
    deadline = time.monotonic() + PATIENCE
    while json.loads(bob.run("rules", "--json").out):
        assert time.monotonic() < deadline
    with prompting(alice, f"again {words}", "-r", "timed") as prompt:
        (found,) = opened(bob)
        assert bob.run("deny", found["id"]).code == 0
        prompt.finish()
    assert not (lab.work / "timed-2").exists()


def test_a_safety_check_is_answered_by_no_rule(lab: Lab, alice: Client, bob: Client, words: str) -> None:
    lab.api.on(words, bash("rm -rf /"), text("Not done."))
    ran = bob.run("rules", "add", "Bash", "--everywhere")
    try:
        with prompting(alice, words) as prompt:
            (found,) = opened(bob)
            assert found["guarded"]
            assert bob.run("deny", found["id"]).code == 0
            assert prompt.finish().code == 0
    finally:
        assert bob.run("rules", "remove", ran.out.strip()).code == 0


def test_a_revoked_client_leaves_no_rule(lab: Lab, alice: Client, words: str) -> None:
    carol = lab.approved("carol")
    lab.api.on(words, bash("mkdir of-carol"), text("Done."))
    assert carol.run("rules", "add", "Bash(mkdir *)", "--everywhere").code == 0
    assert lab.server.control("clients", "revoke", "carol").code == 0
    assert json.loads(alice.run("rules", "--json").out) == []
    ran = alice.run("-p", words)  # without a terminal it is denied
    assert ran.out == "Done.\n"
    assert not (lab.work / "of-carol").exists()


# --- questions and plans -------------------------------------------------------------------------------

QUESTIONS = [
    {
        "question": "Which database?",
        "header": "Database",
        "multiSelect": False,
        "options": [{"label": "Postgres", "description": "big"}, {"label": "SQLite", "description": "small"}],
    },
    {
        "question": "Which checks?",
        "header": "Checks",
        "multiSelect": True,
        "options": [
            {"label": "Lint", "description": ""},
            {"label": "Types", "description": ""},
            {"label": "Tests", "description": ""},
        ],
    },
]


def test_questions_answered_by_a_command(lab: Lab, alice: Client, bob: Client, words: str) -> None:
    lab.api.on(words, reply(tool("AskUserQuestion", questions=QUESTIONS)), text("Then so."))
    with prompting(alice, words) as prompt:
        (found,) = opened(bob)
        shown = bob.run("show", found["id"])
        assert "2  SQLite  small" in shown.out, shown
        assert bob.run("answer", found["id"], "2").code == 2  # there are two questions
        ran = bob.run("answer", found["id"], "2", "3,1")
        assert ran.code == 0, ran
        assert prompt.finish().out == "Then so.\n"
    result = lab.api.calls[-1].results[0].words
    assert '"Which database?"="SQLite"' in result
    assert '"Which checks?"="Lint, Tests"' in result


def test_questions_answered_on_a_terminal(lab: Lab, alice: Client, words: str) -> None:
    lab.api.on(words, reply(tool("AskUserQuestion", questions=QUESTIONS)), text("Then so."))
    with alice.terminal("-p", words) as terminal:
        terminal.wait_for("Which database")
        terminal.wait_for("or your own words")
        terminal.type("neither, a file\r")
        terminal.wait_for("Which checks")
        terminal.wait_for("or your own words")
        terminal.type("2,3\r")
        terminal.wait_for("Then so.")
        assert terminal.finish().code == 0
    result = lab.api.calls[-1].results[0].words
    assert '"Which database?"="neither, a file"' in result
    assert '"Which checks?"="Types, Tests"' in result


def modes(client: Client, session: str) -> list[str]:
    """The permission modes that a session has gone through, as everybody who watches is told."""
    ran = client.run("attach", session, "--no-follow", "--output-format", "json")
    events = [json.loads(line) for line in ran.out.splitlines()]
    facts = [event.get("event", event) for event in events]
    return [fact["mode"] for fact in facts if fact.get("fact") == "session-changed" and fact.get("mode")]


@pytest.mark.parametrize(("said", "mode"), [("yes", "default"), ("edits", "acceptEdits")])
def test_a_plan(lab: Lab, alice: Client, bob: Client, words: str, said: str, mode: str) -> None:
    name = f"plan-{said}"
    lab.api.on(words, reply(tool("ExitPlanMode", plan="1. Do it.")), text("I begin."))
    with prompting(alice, words, "-n", name, "--permission-mode", "plan") as prompt:
        (found,) = opened(bob)
        assert "Do it." in bob.run("show", found["id"]).out
        ran = bob.run("answer", found["id"], said)
        assert ran.code == 0, ran
        assert prompt.finish().out == "I begin.\n"
        assert f"permission mode: {mode}" in prompt.err
    assert modes(bob, name)[-1] == mode
    assert f"permission mode: {mode}" in bob.run("attach", name, "--no-follow").out
    (session,) = [each for each in json.loads(bob.run("sessions", "--json").out) if each["name"] == name]
    assert session["mode"] == mode


def test_a_plan_that_is_not_good_yet(lab: Lab, alice: Client, bob: Client, words: str) -> None:
    lab.api.on(words, reply(tool("ExitPlanMode", plan="1. Do it.")), text("I think again."))
    with prompting(alice, words, "-n", "replanned", "--permission-mode", "plan") as prompt:
        (found,) = opened(bob)
        assert bob.run("answer", found["id"], "keep", "smaller", "steps").code == 0
        assert prompt.finish().out == "I think again.\n"
    assert "smaller steps" in lab.api.calls[-1].results[0].words
    assert modes(bob, "replanned")[-1] == "plan"


# --- showing -------------------------------------------------------------------------------------------


def test_a_change_is_shown_against_the_file(lab: Lab, alice: Client, bob: Client, words: str) -> None:
    path = lab.work / "changed.py"
    path.write_text("".join(f"line {number}\n" for number in range(20)))
    edit = tool("Edit", file_path=str(path), old_string="line 7\n", new_string="line seven\n")
    lab.api.on(words, reply(tool("Read", file_path=str(path))), reply(edit), text("Changed."))
    with prompting(alice, words) as prompt:
        (found,) = opened(bob)
        shown = bob.run("show", found["id"][:8]).out
        assert "-line 7\n+line seven\n" in shown, shown
        assert " line 6\n" in shown
        assert "line 12" not in shown
        assert bob.run("allow", found["id"]).code == 0
        assert prompt.finish().out == "Changed.\n"
    assert "line seven" in path.read_text()
    assert "allowed by bob; finished" in bob.run("show", found["id"]).out


# --- trust and modes -----------------------------------------------------------------------------------


def test_a_folder_is_trusted(lab: Lab, words: str) -> None:
    dave = lab.approved("dave")  # a client remembers the folder that it named
    folder = lab.work / "untrusted"
    (folder / ".claude").mkdir(parents=True)
    (folder / ".claude" / "settings.json").write_text('{"permissions":{"allow":["Bash(mkdir *)"]}}')
    lab.api.on(words, bash("mkdir one"), text("One."))
    lab.api.on(f"again {words}", bash("mkdir two"), text("Two."))
    ran = dave.run("-p", words, "-n", "untrusted", "-C", "untrusted")
    assert ran.out == "One.\n"
    assert "Claude ignores 1 rule of .claude/settings.json" in ran.err, ran
    assert not (folder / "one").exists()
    assert lab.approved("watcher", rights="view,prompt").run("trust", "untrusted").code == 4
    ran = dave.run("trust", "untrusted")
    assert ran.code == 0, ran
    assert dave.run("stop", "untrusted").code == 0
    ran = dave.run("-p", f"again {words}", "-r", "untrusted")
    assert ran.out == "Two.\n"
    assert (folder / "two").is_dir()


def test_a_mode_that_asks_nothing_needs_exec(alice: Client, words: str) -> None:
    ran = alice.run("-p", words, "--permission-mode", "bypassPermissions")
    assert (ran.code, "exec" in ran.err) == (4, True), ran


# --- following, completing, and other sessions ---------------------------------------------------------


def test_they_are_followed(lab: Lab, alice: Client, bob: Client, words: str) -> None:
    lab.api.on(words, bash("touch followed"), text("Done."))
    with (
        bob.start("approvals", "--follow", "--json") as one,
        bob.start("approvals", "--follow", "--all-servers") as all_of_them,
        prompting(alice, words, "-n", "followed"),
    ):
        one.wait_for('"state":"open"')
        (found,) = opened(alice)
        completed = alice.run("completion", "bash", "--words", "allow", "")
        assert found["id"][:8] in completed.out.split()
        assert alice.run("allow", found["id"]).code == 0
        one.wait_for('"state":"finished"')
        all_of_them.wait_for("home:followed  the tool is done")
    told = [json.loads(line) for line in one.out.splitlines()]
    states = [each["state"] for each in told if each["id"] == found["id"]]
    assert states == ["open", "decided", "delivered", "taken", "finished"]


def test_in_a_conversation_a_key_opens_what_another_session_asks(
    lab: Lab, alice: Client, bob: Client, words: str
) -> None:
    lab.api.on(words, bash("touch from-elsewhere"), text("Done."))
    with bob.terminal() as terminal:
        terminal.wait_for("Ask Claude")
        with prompting(alice, words, "-n", "elsewhere") as prompt:
            terminal.wait_for("elsewhere asks: Bash: touch from-elsewhere")
            terminal.type("\x0f")
            terminal.wait_for("In elsewhere,")
            terminal.wait_for("es  ")
            terminal.type("y")
            assert prompt.finish().out == "Done.\n"
            terminal.wait_for("elsewhere: ✓ taken by Claude")
        terminal.type("\x04")
        assert terminal.finish().code == 0
    assert (lab.work / "from-elsewhere").exists()
