"""Sessions seen and steered from the command line, with the real claude."""

from __future__ import annotations

import json
import os
import signal
import uuid

import pytest

from tests.e2e.lab import Client, Lab
from tests.fakes.messages_api import Gate, bash, reply, say, text

pytestmark = pytest.mark.e2e

SAYS = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
UNTIL = "until [ -e {0} ]; do sleep 0.05; done"


@pytest.fixture(scope="module")
def bob(lab: Lab) -> Client:
    """Another one."""
    return lab.approved("bob")


@pytest.fixture
def words() -> str:
    """A prompt that no other test uses; the session's name is made of it."""
    return f"task-{uuid.uuid4().hex[:8]}"


def begin(client: Client, words: str, *argv: str) -> str:
    """A prompt in the background. The session's name."""
    ran = client.run("-n", words, "-p", words, "--bg", *argv)
    assert ran.code == 0, ran
    name, _, identity = ran.out.rstrip("\n").partition(" ")
    assert (name, len(identity)) == (words, 36)
    return name


def listed(client: Client, name: str) -> dict[str, object]:
    ran = client.run("sessions", "--json")
    (found,) = [each for each in json.loads(ran.out) if each["name"] == name]
    assert isinstance(found, dict)
    return found


def test_in_the_background_waited_for_and_read(lab: Lab, alice: Client, bob: Client, words: str) -> None:
    gate = Gate()
    lab.api.on(words, text("Nobody waited for this.", gate=gate), text("Nor for that."))
    ran = alice.run("-n", words, "-p", words, "--detach", "--output-format", "json")
    begun = json.loads(ran.out)
    assert begun["name"] == words
    gate.wait()
    seen = listed(bob, words)
    assert (seen["state"], seen["prompting"], seen["id"]) == ("working", "alice", begun["session"])
    with bob.start("wait", words) as waiting:
        sent = alice.run("send", words, "and that?")
        assert len(sent.out) == 37
        late = bob.run("wait", words, "--timeout", "0.1")
        assert (late.code, late.out) == (3, ""), late
        gate.open()
        assert waiting.finish().code == 0
    seen = listed(bob, words)
    assert (seen["state"], seen["turns"], seen["outcome"]) == ("idle", 2, "done")
    again = alice.run("send", words, "and that?", "--id", sent.out.strip())
    assert (again.code, again.out) == (0, sent.out), "the same prompt is not run again"
    assert bob.run("wait", words).code == 0
    logs = bob.run("logs", words).out
    order = [f"alice {SAYS} {words}", "Nobody waited for this.", f"alice {SAYS} and that?", "Nor for that."]
    assert sorted(order, key=logs.index) == order
    last = bob.run("logs", words, "-n", "1").out
    assert "Nor for that." in last
    assert "Nobody waited" not in last
    assert listed(bob, words)["turns"] == 2


def test_many_look_on_and_one_approves(lab: Lab, alice: Client, bob: Client, words: str) -> None:
    lab.api.on(words, bash(f"touch {words}-made"), text("It is there."))
    begin(bob, words)
    with bob.start("attach", words) as looking, alice.terminal("attach", words) as terminal:
        looking.wait_for("waits for an approval")
        terminal.wait_for(f"touch {words}-made .*{SAYS} ")
        assert not (lab.work / f"{words}-made").exists()
        terminal.type("y\r")
        terminal.wait_for("It is there.")
        # To the very end, which is how long it took.
        looking.wait_for("allowed by alice(.|\n)*taken by Claude(.|\n)*It is there.(.|\n)* s\n")
        terminal.type("\x03")
        assert terminal.finish().code == 130
        looking.interrupt()
        assert looking.finish().code == 130
    assert (lab.work / f"{words}-made").exists()
    assert bob.run("wait", words).code == 0
    told = bob.run("attach", words, "--no-follow").out
    assert told == looking.out
    after = bob.run("logs", words, "--output-format", "json").out.splitlines()
    middle = json.loads(after[len(after) // 2])["seq"]
    rest = bob.run("attach", words, "--no-follow", "--output-format", "json", "--after", str(middle)).out
    numbers = [json.loads(line)["seq"] for line in rest.splitlines()]
    assert numbers[0] == middle + 1
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_claudes_own_lines_as_print_mode_gives_them(lab: Lab, alice: Client, words: str) -> None:
    lab.api.on(words, text("Line by line."))
    ran = alice.run(
        "-n", words, "-p", words, "--output-format", "stream-json", "--verbose", "--replay-user-messages"
    )
    seen = alice.run("attach", words, "--no-follow", "--output-format", "stream-json")
    assert seen.out == ran.out


def test_steering_the_turn_that_runs(lab: Lab, alice: Client, bob: Client, words: str) -> None:
    lab.api.on(words, bash(UNTIL.format(words)), text("The other one, then."), text("Next."))
    begin(alice, words, "--allowedTools=Bash")
    with alice.start("attach", words) as looking:
        looking.wait_for("● Bash")
        queued = bob.run("send", words, "and afterwards this", "--json")
        steered = bob.run("send", words, "--now", "not that one")
        assert (queued.code, steered.code) == (0, 0), (queued, steered)
        assert json.loads(queued.out)["waits"] == "turn"
        (lab.work / words).touch()
        looking.wait_for(
            f"bob {SAYS} not that one(.|\n)*The other one, then.(.|\n)*bob {SAYS} and afterwards"
        )
        looking.wait_for("Next")
        looking.interrupt()
        looking.finish()
    assert alice.run("wait", words).code == 0
    assert listed(alice, words)["turns"] == 2, "it was a part of the first"
    steering = next(call for call in lab.api.calls if words in call.said and call.results)
    assert "not that one" in json.dumps(steering.body["messages"])


def test_steering_that_comes_too_late_is_the_next_turn(
    lab: Lab, alice: Client, bob: Client, words: str
) -> None:
    gate = Gate()
    lab.api.on(words, text("I begin, but", gate=gate), text("Something else, then."), text("And last."))
    begin(alice, words)
    gate.wait()
    assert bob.run("send", words, "the last").code == 0
    assert bob.run("send", words, "--now", "something else").code == 0
    gate.open()
    assert alice.run("wait", words).code == 0
    logs = bob.run("attach", words, "--no-follow").out
    order = [
        "I begin, but",
        f"bob {SAYS} something else",
        "Something else, then.",
        f"bob {SAYS} the last",
        "And last.",
    ]
    assert sorted(order, key=logs.index) == order
    assert listed(alice, words)["turns"] == 3


def test_steering_a_claude_that_dies(lab: Lab, alice: Client, bob: Client, words: str) -> None:
    lab.api.on(words, bash(UNTIL.format(words)), text("I have read it after all."))
    begin(alice, words, "--allowedTools=Bash")
    with alice.start("attach", words) as looking:
        looking.wait_for("● Bash")
        assert bob.run("send", words, "--now", "are you there?").code == 0
        identity = str(listed(alice, words)["claude_session"])
        (claude,) = [pid for pid, line in lab.claudes().items() if identity in line]
        os.kill(claude, signal.SIGKILL)
        looking.wait_for(f"bob {SAYS} are you there(.|\n)*I have read it after all.")
        looking.interrupt()
        looking.finish()
    assert alice.run("wait", words).code == 0
    assert listed(alice, words)["turns"] == 2


def test_interrupting(lab: Lab, alice: Client, bob: Client, words: str) -> None:
    gate = Gate()
    lab.api.on(words, text("I begin, but", gate=gate), text("Never mind."))
    begin(alice, words)
    gate.wait()
    assert bob.run("interrupt", words).code == 0
    ran = alice.run("wait", words)
    gate.open()
    assert (ran.code, ran.out) == (1, ""), ran
    assert "stopped" in ran.err
    assert alice.run("-r", words, "-p", "go on").out == "Never mind.\n"
    assert alice.run("wait", words).code == 0


def test_closing_and_opening_again(lab: Lab, alice: Client, bob: Client, words: str) -> None:
    lab.api.on(words, bash(UNTIL.format(words)), text("You told me to wait for a file."))
    begin(alice, words, "--allowedTools=Bash")
    with alice.start("attach", words) as looking:
        looking.wait_for("● Bash")
        alice.run("send", words, "this will never be")
        assert bob.run("stop", words).code == 0
        looking.wait_for("Closed by bob")
        looking.interrupt()
        looking.finish()
    seen = listed(alice, words)
    assert (seen["state"], seen["queued"], seen["outcome"]) == ("closed", 0, "interrupted")
    assert not [line for line in lab.claudes().values() if str(seen["claude_session"]) in line]
    ran = alice.run("-r", words, "-p", "what was it?")
    assert ran.out == "You told me to wait for a file.\n", ran
    assert words in lab.api.calls[-1].said
    assert "this will never be" not in lab.api.calls[-1].said
    assert listed(alice, words)["state"] == "idle"
    assert bob.run("close", words).code == 0
    assert listed(alice, words)["state"] == "closed"


def test_renaming(lab: Lab, alice: Client, words: str) -> None:
    lab.api.on(words, text("Hm."), text("Still here."))
    begin(alice, words)
    assert alice.run("wait", words).code == 0
    assert alice.run("rename", words, f"{words} again").code == 0
    assert alice.run("-r", f"{words} again", "-p", "there?").out == "Still here.\n"
    assert alice.run("logs", words).code == 2
    completed = alice.run("completion", "bash", "--words", "attach", words)
    assert completed.out == f"'{words} again'\n"


def test_what_others_do_is_not_seen_without_the_right(lab: Lab, alice: Client, words: str) -> None:
    lab.api.on(words, text("Between us."))
    begin(alice, words)
    assert alice.run("wait", words).code == 0
    carol = lab.approved(f"carol-{words}", rights="prompt")
    assert json.loads(carol.run("sessions", "--json").out) == []
    for command in (["wait"], ["stop"], ["interrupt"], ["rename", "x"], ["send", "hello"], ["logs"]):
        ran = carol.run(command[0], words, *command[1:])
        assert ran.code == 2, ran
        assert "no session" in ran.err
    assert carol.run("completion", "bash", "--words", "attach", "").out == ""


def test_attached_through_the_death_of_the_server(own_lab: Lab) -> None:
    lab = own_lab
    first = lab.start()
    alice = lab.approved("alice")
    gate = Gate()
    pieces = [f"piece {number}, " for number in range(60)]
    lab.api.on("a story", reply(say("".join(pieces), chunks=60, gate=gate, gate_after=30)))
    assert alice.run("-n", "story", "-p", "a story", "--bg").code == 0
    with alice.start("attach", "story") as looking:
        looking.wait_for("piece 9")
        first.kill()
        looking.wait_for("reconnecting", stream="err")
        lab.start(port=first.port)
        looking.wait_for("connected again", stream="err")
        gate.open()
        looking.wait_for("piece 59")
        assert alice.run("wait", "story").code == 0
        looking.wait_for(r"\d s\n")
        looking.interrupt()
        ran = looking.finish()
    told = ran.out.partition("\n\n")[2].partition("\n")[0]
    assert told == "".join(pieces)
    assert ran.err.count("reconnecting") == ran.err.count("connected again") == 1
