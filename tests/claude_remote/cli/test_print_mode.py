"""`claude-remote -p` against a scripted server: output, approvals, interruption, exit codes."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec import Raw

from claude_remote import facts, messages
from claude_remote.cli import main
from claude_remote.messages import Behavior, Cursor, PromptState, Source
from claude_remote.rights import Right
from tests.claude_remote.client.lines import (
    assistant,
    delta,
    line,
    message_start,
    result,
    tool_result,
    tool_use,
)
from tests.claude_remote.client.scripted import GENERATION, Connection, Script, session_info
from tests.claude_remote.serving import Serve

APPROVAL = "22222222-2222-4222-8222-222222222222"


class Turn:
    """The server's side of one prompt."""

    def __init__(self, server: Connection, *, greeted: bool = False, **hello: object) -> None:
        self.server = server
        if not greeted:
            server.hello(**hello)
        self.prompt = server.expect(messages.Prompt)
        self.text = server.payload
        server.send(
            messages.Accepted(
                prompt=self.prompt.id, session=session_info(), cursor=Cursor(GENERATION, server.seq)
            )
        )
        self.fact(facts.TurnStarted(prompt=self.prompt.id))

    def fact(self, fact: facts.Fact) -> None:
        self.server.lines(facts.encode(fact), source=Source.FACT)

    def ask(self, command: str = "pytest -x") -> None:
        self.fact(
            facts.ApprovalOpened(
                approval=APPROVAL,
                tool="Bash",
                input=json_raw({"command": command}),
                summary=f"Bash: {command}",
                tool_use="toolu_1",
            )
        )

    def finish(self, state: PromptState = PromptState.DONE, reason: str = "") -> None:
        self.server.send(messages.Finished(prompt=self.prompt.id, state=state, reason=reason))
        self.server.send(messages.Done())


def json_raw(value: object) -> Raw:

    return Raw(json.dumps(value).encode())


def turns(*played: Callable[[Turn], None]) -> Script:
    def script(server: Connection) -> None:
        for play in played:
            play(Turn(server))

    return script


def says(*lines: bytes) -> Script:
    def play(turn: Turn) -> None:
        turn.server.lines(*lines)
        turn.finish()

    return turns(play)


@pytest.fixture
def stdin() -> Iterator[Callable[[bytes], None]]:
    """Pipes bytes into standard input."""
    before = os.dup(0)

    def pipe(data: bytes) -> None:
        reader, writer = os.pipe()
        os.write(writer, data)
        os.close(writer)
        os.dup2(reader, 0)
        os.close(reader)

    yield pipe
    os.dup2(before, 0)
    os.close(before)


Capture = pytest.CaptureFixture[bytes]


def test_text_as_claude_prints_it(serve_locally: Serve, capsysbinary: Capture) -> None:
    serve_locally(says(message_start(), delta("Hel"), delta("lo"), assistant("Hello"), result("Hello")))
    assert main(["-p", "say hello"]) == 0
    assert capsysbinary.readouterr() == (b"Hello\n", b"")


def test_a_pipe_gets_the_last_message_alone(serve_locally: Serve, capsysbinary: Capture) -> None:
    serve_locally(
        says(
            delta("I look.\n"),
            assistant("I look.\n", tool_use("Bash", command="ls")),
            tool_result("a file"),
            message_start(),
            delta("Done"),
            assistant("Done"),
            result("Done"),
        )
    )
    assert main(["-p", "x"]) == 0
    assert capsysbinary.readouterr().out == b"Done\n"


@pytest.mark.parametrize(
    ("argv", "piped", "prompt"),
    [
        (["-p", "say this"], b"", b"say this"),
        (["-p", "--model", "opus", "say this"], b"", b"say this"),
        (["--print", "--", "say this"], b"", b"say this"),
        (["-p"], b"piped\n", b"piped\n"),
        (["-p", "say"], b"piped\n", b"say\npiped\n"),
        (["-p", "--wait", "say this"], b"", b"say this"),
    ],
)
def test_the_prompt(
    serve_locally: Serve,
    capsysbinary: Capture,
    stdin: Callable[[bytes], None],
    argv: list[str],
    piped: bytes,
    prompt: bytes,
) -> None:
    seen: list[bytes] = []

    def play(turn: Turn) -> None:
        seen.append(turn.text)
        turn.server.lines(result("ok"))
        turn.finish()

    serve_locally(turns(play))
    stdin(piped)
    assert main(argv) == 0
    assert seen == [prompt]


def test_options_and_target_go_to_the_server(serve_locally: Serve, capsysbinary: Capture) -> None:
    seen: list[messages.Target] = []

    def play(turn: Turn) -> None:
        seen.append(turn.prompt.target)
        turn.server.lines(result("ok"))
        turn.finish()

    serve_locally(turns(play))
    assert main(["-C", "src/api", "-n", "fix", "-p", "x", "--max-turns", "3", "--", "--brand-new", "y"]) == 0
    assert main(["-p", "x", "-c"]) == 0
    assert main(["-p", "x", "-r", "fix", "--fork-session"]) == 0
    assert seen == [
        messages.Target(name="fix", cwd="src/api", options=("--max-turns=3", "--brand-new", "y")),
        messages.Target(latest=True, cwd="src/api"),  # the folder is remembered for this folder here
        messages.Target(session="fix", fork=True, cwd="src/api"),
    ]


def test_json_is_claudes_result(serve_locally: Serve, capsysbinary: Capture) -> None:
    serve_locally(says(assistant("Hello"), result("Hello")))
    assert main(["-p", "x", "--output-format", "json"]) == 0
    printed = capsysbinary.readouterr().out
    assert json.loads(printed) == json.loads(result("Hello"))
    assert printed.count(b"\n") == 1


def test_json_with_verbose_is_an_array_of_claudes_lines(serve_locally: Serve, capsysbinary: Capture) -> None:
    lines = [line("system", subtype="init"), assistant("Hello"), result("Hello")]
    serve_locally(says(line("keep_alive"), lines[0], delta("Hello"), *lines[1:]))
    assert main(["-p", "x", "--output-format", "json", "--verbose"]) == 0
    printed = capsysbinary.readouterr()
    assert json.loads(printed.out) == [json.loads(each) for each in lines]
    assert printed.out.count(b"\n") == 1
    assert printed.err == b""


@pytest.mark.parametrize("partial", [False, True])
def test_stream_json_is_claudes_lines(serve_locally: Serve, capsysbinary: Capture, *, partial: bool) -> None:
    init = line("system", subtype="init")
    lines = [init, delta("Hel"), assistant("Hello"), result("Hello")]
    serve_locally(says(line("keep_alive"), *lines))
    flags = ["--include-partial-messages"] if partial else []
    assert main(["-p", "x", "--output-format=stream-json", "--verbose", *flags]) == 0
    shown = lines if partial else [lines[0], *lines[2:]]
    assert capsysbinary.readouterr() == (b"".join(each + b"\n" for each in shown), b"")


def test_streamed_prompts_run_one_after_another_in_one_session(
    serve_locally: Serve, capsysbinary: Capture, stdin: Callable[[bytes], None]
) -> None:
    seen: list[tuple[bytes, str, messages.Target]] = []

    def play(turn: Turn) -> None:
        seen.append((turn.text, turn.prompt.id, turn.prompt.target))
        turn.server.lines(result(f"answer {len(seen)}"))
        turn.finish()

    def script(server: Connection) -> None:
        play(Turn(server))
        play(Turn(server, greeted=True))

    serve_locally(script)
    said = [
        {"type": "user", "message": {"role": "user", "content": "one"}, "parent_tool_use_id": None},
        {"type": "unknown"},
        {"type": "control_request", "request_id": "r1", "request": {"subtype": "initialize"}},
        {"type": "user", "uuid": APPROVAL, "message": {"content": [{"type": "text", "text": "two"}]}},
    ]
    stdin(b"\n".join(json.dumps(each).encode() for each in said) + b"\n\n")
    flags = ["--input-format=stream-json", "--output-format=stream-json", "--verbose"]
    assert main(["-p", *flags, "--model", "opus", "-C", "src"]) == 0
    assert [(text, target) for text, _, target in seen] == [
        (b"one", messages.Target(cwd="src", options=("--model=opus",))),
        (b"two", messages.Target(session=session_info().id)),
    ]
    assert seen[1][1] == APPROVAL
    first, refusal, last = (json.loads(each) for each in capsysbinary.readouterr().out.splitlines())
    assert (first["result"], last["result"]) == ("answer 1", "answer 2")
    assert (refusal["response"]["subtype"], refusal["response"]["request_id"]) == ("error", "r1")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"rubbish", "line 2"),
        (b"[1]", "line 2"),
        (b'{"type":"user"}', "line 2"),
        (b'{"type":"user","message":{"content":" "}}', "empty"),
        (b'{"type":"user","message":{"content":[{"type":"image"}]}}', "image cannot be sent"),
        (b'{"type":"user","message":{"content":"\xff"}}', "line 2"),
    ],
)
def test_a_line_that_is_no_prompt_ends_it(
    serve_locally: Serve,
    capsysbinary: Capture,
    stdin: Callable[[bytes], None],
    line: bytes,
    words: str,
) -> None:
    serve_locally(lambda server: server.hello())
    stdin(b"\n" + line + b"\n")
    assert main(["-p", "--input-format=stream-json", "--output-format=stream-json"]) == 2
    assert words in capsysbinary.readouterr().err.decode()


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--input-format", "yaml"], "one of text, stream-json"),
        (["--input-format", "stream-json"], "needs --output-format stream-json"),
        (["--input-format=stream-json", "--output-format=stream-json", "hi"], "standard input alone"),
        (["--input-format=stream-json", "--output-format=stream-json", "--bg"], "--bg"),
    ],
)
def test_what_does_not_go_with_streamed_prompts_is_said_before_connecting(
    capsysbinary: Capture, argv: list[str], words: str
) -> None:
    assert main(["-p", "-s", "nowhere.invalid", *argv]) == 2
    assert words in capsysbinary.readouterr().err.decode()


def test_claudes_error_is_printed_and_the_exit_code_one(serve_locally: Serve, capsysbinary: Capture) -> None:
    serve_locally(says(assistant("API Error: 400"), result("API Error: 400", error=True)))
    assert main(["-p", "x"]) == 1
    assert capsysbinary.readouterr() == (b"API Error: 400\n", b"")


def test_a_turn_that_was_cut_says_why(serve_locally: Serve, capsysbinary: Capture) -> None:
    def play(turn: Turn) -> None:
        turn.server.lines(delta("I begin, but"))
        turn.finish(PromptState.INTERRUPTED, "claude ended unexpectedly (killed)")

    serve_locally(turns(play))
    assert main(["-p", "x"]) == 1
    assert capsysbinary.readouterr() == (b"", b"claude-remote: claude ended unexpectedly (killed)\n")


def test_waiting_is_told(serve_locally: Serve, capsysbinary: Capture) -> None:
    def play(turn: Turn) -> None:
        turn.server.send(messages.Waiting(why="turn", place=1))
        turn.server.lines(result("ok"))
        turn.finish()

    serve_locally(turns(play))
    assert main(["-p", "x"]) == 0
    assert b"waiting: another turn runs in this session, 1 before this one" in capsysbinary.readouterr().err


def test_without_a_terminal_approvals_are_denied(serve_locally: Serve, capsysbinary: Capture) -> None:
    def play(turn: Turn) -> None:
        turn.ask()
        decision = turn.server.expect(messages.Decide)
        assert (decision.approval, decision.behavior, decision.stop) == (APPROVAL, Behavior.DENY, False)
        assert decision.message
        turn.server.lines(assistant("Then not."), result("Then not."))
        turn.finish()

    serve_locally(turns(play))
    assert main(["-p", "x"]) == 0
    assert capsysbinary.readouterr() == (b"Then not.\n", b"")


@pytest.mark.parametrize("policy", ["deny", "fail"])
def test_who_may_not_approve_ends_the_turn(serve_locally: Serve, capsysbinary: Capture, policy: str) -> None:
    def play(turn: Turn) -> None:
        turn.ask()
        turn.server.expect(messages.Interrupt)
        turn.finish(PromptState.INTERRUPTED)

    serve_locally(lambda server: play(Turn(server, rights=(Right.PROMPT,))))
    assert main(["-p", "x", "--on-approval", policy]) == 4
    assert b"lacks the right `approve`" in capsysbinary.readouterr().err


def test_an_approval_can_fail_the_turn(serve_locally: Serve, capsysbinary: Capture) -> None:
    def play(turn: Turn) -> None:
        turn.ask("rm -rf \x1b[2J")
        assert turn.server.expect(messages.Decide).stop
        turn.server.lines(result(subtype="error_during_execution", error=True))
        turn.finish()

    serve_locally(turns(play))
    assert main(["-p", "x", "--on-approval", "fail"]) == 1
    err = capsysbinary.readouterr().err
    assert b"Claude asks for Bash: rm -rf \\x1b[2J" in err


def test_an_approval_can_wait_for_somebody_else(serve_locally: Serve, capsysbinary: Capture) -> None:
    def play(turn: Turn) -> None:
        turn.ask()
        turn.fact(facts.ApprovalDelivered(approval=APPROVAL, behavior=Behavior.ALLOW, by="me@phone"))
        turn.server.lines(assistant("Done."), result("Done."))
        turn.finish()

    serve_locally(turns(play))
    assert main(["-p", "x", "--on-approval", "wait"]) == 0
    assert b"waiting for an approval: Bash: pytest -x" in capsysbinary.readouterr().err


def test_ctrl_c_interrupts_the_turn_and_waits_for_its_end(
    serve_locally: Serve, capsysbinary: Capture
) -> None:
    def play(turn: Turn) -> None:
        turn.server.lines(delta("I begin"))
        os.kill(os.getpid(), signal.SIGINT)
        turn.server.expect(messages.Interrupt)
        turn.server.lines(assistant("I begin"), result(subtype="error_during_execution", error=True))
        turn.finish(PromptState.INTERRUPTED)

    serve_locally(turns(play))
    assert main(["-p", "x"]) == 130
    assert capsysbinary.readouterr().out == b""


def test_ctrl_c_twice_leaves_at_once(serve_locally: Serve, capsysbinary: Capture) -> None:
    def play(turn: Turn) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        turn.server.expect(messages.Interrupt)
        os.kill(os.getpid(), signal.SIGINT)
        turn.server.receive()

    serve_locally(turns(play))
    assert main(["-p", "x"]) == 130


def test_ctrl_c_takes_back_a_prompt_that_waits(serve_locally: Serve, capsysbinary: Capture) -> None:
    def script(server: Connection) -> None:
        server.hello()
        prompt = server.expect(messages.Prompt)
        server.send(messages.Accepted(prompt=prompt.id, session=session_info(), cursor=Cursor(GENERATION, 0)))
        server.send(messages.Waiting(why="turn", place=1))
        os.kill(os.getpid(), signal.SIGINT)
        server.expect(messages.Interrupt)
        server.send(messages.Finished(prompt=prompt.id, state=PromptState.VOID))
        server.send(messages.Done())

    serve_locally(script)
    assert main(["-p", "x"]) == 130


def test_a_turn_can_take_too_long(serve_locally: Serve, capsysbinary: Capture) -> None:
    def play(turn: Turn) -> None:
        turn.server.expect(messages.Interrupt)
        turn.server.lines(result(subtype="error_during_execution", error=True))
        turn.finish(PromptState.INTERRUPTED)

    serve_locally(turns(play))
    assert main(["-p", "x", "--timeout", "0.05"]) == 3
    assert b"took longer than 0.05 s" in capsysbinary.readouterr().err


def test_a_broken_link_is_made_again_and_nothing_comes_twice(
    serve_locally: Serve, capsysbinary: Capture
) -> None:
    first: list[messages.Prompt] = []

    def breaks(server: Connection) -> None:
        turn = Turn(server)
        first.append(turn.prompt)
        server.lines(delta("Hel"))

    def goes_on(server: Connection) -> None:
        server.hello()
        again = server.expect(messages.Prompt)
        assert (again.id, server.payload, again.after) == (first[0].id, b"x", Cursor(GENERATION, 2))
        server.send(messages.Accepted(prompt=again.id, session=session_info(), cursor=Cursor(GENERATION, 0)))
        server.seq = 2
        server.lines(delta("lo"), assistant("Hello"), result("Hello"))
        server.send(messages.Finished(prompt=again.id, state=PromptState.DONE))
        server.send(messages.Done())

    serve_locally(breaks, goes_on)
    assert main(["-p", "x"]) == 0
    out, err = capsysbinary.readouterr()
    assert out == b"Hello\n"
    assert b"reconnecting" in err


def test_an_error_of_the_server_is_said_in_a_line(serve_locally: Serve, capsysbinary: Capture) -> None:
    def script(server: Connection) -> None:
        server.hello()
        server.expect(messages.Prompt)
        server.send(messages.Error(code="right-missing", message="you lack \x1b[31mprompt"))

    serve_locally(script)
    assert main(["-p", "x"]) == 4
    assert capsysbinary.readouterr().err == b"claude-remote: you lack \\x1b[31mprompt\n"


def test_a_time_that_no_clock_can_wait_for_is_no_limit(serve_locally: Serve, capsysbinary: Capture) -> None:
    serve_locally(says(assistant("ok"), result("ok")))
    assert main(["-p", "x", "--timeout", "1e300"]) == 0
    assert capsysbinary.readouterr().out == b"ok\n"


def test_verbose_tells_tools_cost_and_time(serve_locally: Serve, capsysbinary: Capture) -> None:
    serve_locally(
        says(assistant(tool_use("Bash", command="ls -l")), tool_result("no", error=True), result("ok"))
    )
    assert main(["-p", "x", "--verbose"]) == 0
    err = capsysbinary.readouterr().err.decode()
    assert "session fix-test" in err
    assert "Bash: ls -l" in err
    assert "$0.0100" in err


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["-p"], "what is the prompt?"),
        (["nonsense", "--x"], "there is no option --x"),
        (["-p", "x", "--modle", "opus"], "did you mean --model?"),
        (["-p", "x", "--output-format", "xml"], "--output-format is one of"),
        (["-p", "x", "--resume"], "--resume needs"),
        (["-p", "x", "-c", "-r", "y"], "give one of them"),
        (["-p", "x", "--fork-session"], "which session is to be copied"),
        (["-p", "x", "--timeout", "soon"], "takes a number of seconds"),
        (["-p", "x", "--session-id", "y"], "--session-id is not for claude-remote"),
        (["-s", "a b", "-p", "x"], "neither a known server nor an address"),
        (["servers", "ad"], "No such command"),
        (["ping", "--jsno"], "No such option"),
    ],
)
def test_wrong_usage_is_told_in_words(
    paths: object, capsysbinary: Capture, argv: list[str], words: str
) -> None:
    assert main(argv) == 2
    out, err = capsysbinary.readouterr()
    assert out == b""
    assert words in err.decode()


def test_a_reader_that_leaves_is_no_error(
    serve_locally: Serve,
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    from claude_remote.cli.terminal import Terminal

    def nobody_reads(self: Terminal, data: bytes) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(Terminal, "write", nobody_reads)
    monkeypatch.setattr(Terminal, "drop_output", lambda self: None)
    serve_locally(says(assistant("Hello"), result("Hello")))
    assert main(["-p", "x"]) == 141
    assert capfdbinary.readouterr().err == b""
