"""Prompts from another machine to the real claude and back."""

from __future__ import annotations

import json
import os
import signal
import uuid

import pytest

from tests.e2e.lab import Client, Lab
from tests.e2e.normal import differences, normal
from tests.fakes.messages_api import Gate, bash, failure, reply, say, text, tool

pytestmark = pytest.mark.e2e


def test_text_is_claudes_text(lab: Lab, alice: Client, words: str) -> None:
    lab.api.on(words, *[text("One.\n\nTwo: ümlaut, 漢字, no newline at the end")] * 2)
    wanted = lab.claude("-p", words)
    ran = alice.run("-p", words)
    assert (ran.code, ran.out) == (wanted.code, wanted.out)


def test_a_pipe_gets_the_answer_without_the_remarks_before_it(lab: Lab, alice: Client, words: str) -> None:
    answers = [reply("I look.", tool("Bash", command="echo hey", description="say hey")), text("Done.")]
    lab.api.on(words, *answers, *answers)
    wanted, ran = lab.claude("-p", words), alice.run("-p", words)
    assert (ran.code, ran.out) == (wanted.code, wanted.out) == (0, "Done.\n")


def test_text_comes_as_it_is_said(lab: Lab, alice: Client, words: str) -> None:
    gate = Gate()
    lab.api.on(words, text("first half, second half", chunks=2, gate=gate))
    with alice.watch("-p", words) as running:
        running.wait_for("first half")
        gate.open()
        assert running.finish().out == "first half, second half\n"


@pytest.mark.parametrize("flags", [[], ["--include-partial-messages"]], ids=["whole", "partial"])
def test_stream_json_is_claudes_line_for_line(lab: Lab, alice: Client, words: str, flags: list[str]) -> None:
    answers = [reply("I look.", tool("Bash", command="echo hey", description="say hey")), text("Done.")]
    lab.api.on(words, *answers, *answers)
    asked = ["-p", words, "--output-format", "stream-json", "--verbose", *flags]
    wanted = lab.claude(*asked)
    ran = alice.run(*asked)
    assert differences(normal(_lines(ran.out)), normal(_lines(wanted.out))) == []
    assert ran.code == wanted.code == 0


def test_json_is_claudes_result(lab: Lab, alice: Client, words: str) -> None:
    lab.api.on(words, *[text("The answer.")] * 2)
    asked = ["-p", words, "--output-format", "json"]
    wanted, ran = lab.claude(*asked), alice.run(*asked)
    assert differences(normal(_lines(ran.out)), normal(_lines(wanted.out))) == []


def test_json_with_verbose_is_claudes_array(lab: Lab, alice: Client, words: str) -> None:
    answers = [reply("I look.", tool("Bash", command="echo hey", description="say hey")), text("Done.")]
    lab.api.on(words, *answers, *answers)
    asked = ["-p", words, "--output-format", "json", "--verbose"]
    wanted, ran = (_array(run.out) for run in (lab.claude(*asked), alice.run(*asked)))
    assert differences(normal(ran), normal(wanted)) == []


def _array(out: str) -> list[bytes]:
    """Its elements, without what claude can do for who reads it as a stream."""
    return [json.dumps({**line, "capabilities": None}).encode() for line in json.loads(out)]


def test_streamed_prompts_give_claudes_lines(lab: Lab, alice: Client, words: str) -> None:
    lab.api.on(words, *[text("One."), text("Two.")] * 2)
    asked = ["-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose"]
    said = [{"type": "user", "message": {"role": "user", "content": each}} for each in (words, "more")]
    ran = alice.run(*asked, stdin=b"".join(json.dumps(each).encode() + b"\n" for each in said))
    assert ran.code == 0, ran
    assert [line["result"] for line in map(json.loads, _lines(ran.out)) if line["type"] == "result"] == [
        "One.",
        "Two.",
    ]
    assert lab.api.calls[-1].said[-2:] == (words, "more")


def test_prompts_come_from_stdin_too(lab: Lab, alice: Client, words: str) -> None:
    lab.api.on(words, *[text("Read.")] * 2)
    assert alice.run("-p", stdin=words.encode()).out == "Read.\n"
    assert alice.run("-p", words, stdin=b"and this").out == "Read.\n"
    assert "and this" in lab.api.calls[-1].prompt


def test_options_are_claudes(lab: Lab, alice: Client, words: str) -> None:
    lab.api.on(words, text("Yes."))
    ran = alice.run("-p", "--model", "claude-haiku-4-5", "--append-system-prompt", "Speak Latin.", words)
    assert ran.out == "Yes.\n", ran
    assert lab.api.calls[-1].model.startswith("claude-haiku")
    assert "Speak Latin." in json.dumps(lab.api.calls[-1].body["system"])


def test_the_folder_is_the_servers(lab: Lab, alice: Client, words: str) -> None:
    (lab.work / "src").mkdir(exist_ok=True)
    lab.api.on(words, bash("pwd"), text("There."))
    assert alice.run("-C", "src", "-p", words).out == "There.\n"
    assert lab.api.calls[-1].results[0].words == str(lab.work / "src")
    ran = alice.run("-C", "nowhere", "-p", words)
    assert ran.code == 2
    assert "nowhere" in ran.err


def test_two_turns_in_one_session(lab: Lab, alice: Client, words: str) -> None:
    lab.api.on(words, text("First answer."), text("Second answer."), text("Third answer."))
    name = words.replace(" ", "-")
    assert alice.run("-n", name, "-p", words).out == "First answer.\n"
    assert alice.run("-r", name, "-p", "go on").out == "Second answer.\n"
    assert alice.run("-c", "-p", "and on").out == "Third answer.\n"
    assert lab.api.calls[-1].said[-3:] == (words, "go on", "and on")


def test_an_interrupted_turn(lab: Lab, alice: Client, words: str) -> None:
    gate = Gate()
    lab.api.on(words, text("I begin, but", gate=gate), text("All over again."))
    name = words.replace(" ", "-")
    with alice.watch("-n", name, "-p", words) as running:
        running.wait_for("I b")
        running.interrupt()
        assert running.finish().code == 130
    gate.open()
    assert alice.run("-r", name, "-p", "go on").out == "All over again.\n"


def test_a_killed_claude(lab: Lab, alice: Client, words: str) -> None:
    gate = Gate()
    lab.api.on(words, text("I begin, but", gate=gate), text("Here I am again."))
    name = words.replace(" ", "-")
    with alice.watch("-n", name, "-p", words) as running:
        running.wait_for("I b")
        os.kill(lab.claude_of(words), signal.SIGKILL)
        ran = running.finish()
    gate.open()
    assert ran.code == 1
    assert "claude" in ran.err.lower()
    assert len(ran.err.strip().splitlines()) <= 3, ran.err  # one sentence, no traceback
    ran = alice.run("-r", name, "-p", "go on")
    assert ran.out == "Here I am again.\n", (ran, [call.said for call in lab.api.calls[-3:]])


def test_four_sessions_at_once(lab: Lab, alice: Client) -> None:
    gates = [Gate() for _ in range(4)]
    prompts = [f"session {uuid.uuid4().hex[:8]}" for _ in gates]
    for prompt, gate in zip(prompts, gates, strict=True):
        lab.api.on(prompt, text(f"I am {prompt}", gate=gate))
    running = [alice.start("-p", prompt) for prompt in prompts]
    try:
        for gate in gates:
            gate.wait()  # all four stand in the middle of their answers at the same time
        for gate in gates:
            gate.open()
        assert [each.finish().out for each in running] == [f"I am {prompt}\n" for prompt in prompts]
    finally:
        for each in running:
            each.close()


def test_two_clients_on_one_session(lab: Lab, alice: Client, words: str) -> None:
    bob = lab.approved(f"bob-{uuid.uuid4().hex[:4]}")
    gate = Gate()
    lab.api.on(words, text("To Alice", gate=gate), text("To Bob"))
    name = words.replace(" ", "-")
    with alice.start("-n", name, "-p", words) as first:
        gate.wait()
        with bob.start("-r", name, "-p", "me too") as second:
            second.wait_for("(?i)wait", stream="err")
            assert second.out == ""
            gate.open()
            assert first.finish().out == "To Alice\n"
            assert second.finish().out == "To Bob\n"


def test_twenty_megabytes(lab: Lab, alice: Client, words: str) -> None:
    huge = "0123456789abcdef" * (20 * 65536)
    lab.api.on(words, reply(say(huge, chunks=160)))
    ran = alice.run("-p", words)
    assert ran.code == 0, ran.err
    assert len(ran.out) == len(huge) + 1
    assert ran.out == huge + "\n"


def test_claude_reports_an_error(lab: Lab, alice: Client, words: str) -> None:
    lab.api.on(words, *[failure(400, "that cannot be")] * 6)
    wanted, ran = lab.claude("-p", words), alice.run("-p", words)
    assert (ran.code, ran.out) == (wanted.code, wanted.out)
    assert ran.code == 1
    assert "that cannot be" in ran.out


@pytest.mark.parametrize(
    "argv",
    [["-p", "--session-id", "x", "hi"], ["-p", "--output-format", "xml", "hi"], ["nonsense", "--x"], ["-p"]],
    ids=" ".join,
)
def test_wrong_usage(alice: Client, argv: list[str]) -> None:
    ran = alice.run(*argv)
    assert ran.code == 2, ran
    assert ran.err
    assert "Traceback" not in ran.err


def test_nobody_is_there(lab: Lab, alice: Client) -> None:
    ran = alice.run("-s", "127.0.0.1:9", "ping")
    assert ran.code in {2, 3}, ran
    assert "Traceback" not in ran.err


def _lines(out: str) -> list[bytes]:
    return [line.encode() for line in out.splitlines()]


def test_half_a_letter_of_claudes_ends_no_turn_and_loses_no_line(lab: Lab, alice: Client, words: str) -> None:
    """JavaScript cuts text between the two halves of an emoji, and writes the half into JSON."""
    half = "half of it: \ud83d"
    lab.api.on(words, reply(half, tool("Bash", command="echo hey")), text(half))
    with alice.watch("-p", words) as running:
        ran = running.finish()
    assert (ran.code, ran.out.count("half of it: \ufffd")) == (0, 2), ran
    session = json.loads(alice.run("sessions", "--json").out)[0]
    assert (session["outcome"], session["last_words"]) == ("done", "half of it: \ufffd")
