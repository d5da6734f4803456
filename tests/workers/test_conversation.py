"""The rest of a lease: start, rubbish, what is new about the session, questions to claude, the end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from claude_remote.facts import ClaudeExited, ClaudeReady, ClaudeStarted, Notice, SessionChanged, TurnFinished
from tests.workers.recorder import SESSION, Play, answered, names


def test_start() -> None:
    play = Play(ready=False)
    assert play.seen() == [
        ClaudeStarted(pid=4711, claude_session=SESSION, resumed=False),
        ("request", "initialize", "claude-remote-initialize"),
    ]
    play.says(
        "control_response", response=answered("claude-remote-initialize", claude_code_version="2.1.330")
    )
    assert play.seen() == [("line", "control_response"), ClaudeReady(version="2.1.330")]
    play.wait(1000)
    assert play.seen() == []


def test_a_claude_that_hangs_at_its_start() -> None:
    play = Play(ready=False)
    play.give("p1")
    play.seen()
    play.wait(19)
    assert play.seen() == []
    play.wait(2)
    [notice] = play.seen()
    assert notice.text.startswith("claude was started 20 s ago and has not answered yet")
    play.wait(120)
    assert "kill" in play.seen()
    play.conversation.ended(-9, "", play.now)
    finished, exited = play.seen()
    assert (finished.prompt, finished.outcome, finished.error) == ("p1", "void", True)
    assert exited.reason == finished.reason == "claude did not start within 120 s and was ended."


def test_a_claude_that_does_not_start() -> None:
    play = Play(ready=False)
    play.give("p1")
    play.give("p2")
    play.conversation.ended(1, "error: unknown option '--x'\n", play.now)
    first, second, exited = [fact for fact in play.seen() if isinstance(fact, TurnFinished | ClaudeExited)]
    assert [(fact.prompt, fact.outcome) for fact in (first, second)] == [("p1", "void"), ("p2", "void")]
    assert exited.reason == "claude ended with code 1: error: unknown option '--x'"
    assert exited.stderr == "error: unknown option '--x'\n"


def test_a_claude_that_dies_in_a_turn() -> None:
    play = Play()
    play.give("p1")
    play.seen()
    play.conversation.ended(-9, "", play.now)
    finished, exited = play.seen()
    assert (finished.outcome, finished.error, finished.reason) == (
        "interrupted",
        True,
        "claude ended with signal 9.",
    )
    assert not exited.expected
    play.give("p2")
    play.stop()
    play.release("now")
    play.conversation.ended(-9, "", play.now)
    assert play.seen() == [], "afterwards nothing happens any more"


def test_rubbish_is_told_and_not_kept() -> None:
    play = Play(ready=False)
    play.seen()
    for line in (b"Usage: ls [OPTION]\n", b"\n", b"\xff\xfe\n", b"[1]\n", b"5\n"):
        play.conversation.read(line, play.now)
    assert names(play.seen()) == [Notice]
    play.conversation.ended(2, "", play.now)
    assert play.seen()[-1].reason == (
        "claude printed what is not its protocol ('Usage: ls [OPTION]'); is --claude right?"
    )


@given(
    st.lists(st.binary(max_size=30) | st.sampled_from([b'{"type":"result","is_error":3}', b'{"type":{}}']))
)
def test_no_line_is_too_strange(lines: list[bytes]) -> None:
    play = Play(ready=False)
    for line in lines:
        play.conversation.read(line + b"\n", play.now)


def test_unknown_kinds_pass() -> None:
    play = Play()
    play.says("something_new", field=1)
    play.says("system", subtype="also_new")
    assert play.seen() == [("line", "something_new"), ("line", "also_new")]


def test_what_is_new_about_the_session_is_told_once() -> None:
    play = Play()
    init = {"subtype": "init", "session_id": SESSION, "model": "opus", "permissionMode": "default"}
    play.says("system", **init)
    play.says("system", **init)
    play.says("system", subtype="status", status=None, permissionMode="plan")
    play.says("system", subtype="status", status="requesting")
    play.says("system", subtype="session_title_changed", title="Fix the test")
    play.says("system", **{**init, "session_id": "after-clear", "permissionMode": "plan"})
    changes = [fact for fact in play.seen() if isinstance(fact, SessionChanged)]
    assert changes == [
        SessionChanged(model="opus", mode="default"),
        SessionChanged(mode="plan"),
        SessionChanged(title="Fix the test"),
        SessionChanged(claude_session="after-clear"),
    ]


def test_retries_are_told() -> None:
    play = Play()
    play.says("system", subtype="api_retry", attempt=1, max_retries=10, retry_delay_ms=500, error_status=401)
    assert play.seen()[1:] == [
        Notice(
            level="error",
            text="Claude's API refused the credentials on den (401): run claude-remote-server login there, "
            "or correct its API key; attempt 1 of 10, next in 0.5 s.",
        )
    ]


def test_questions_to_claude_are_asked_once_and_are_no_part_of_the_log() -> None:
    play = Play()
    play.ask("r1", "set_permission_mode", b'{"mode":"plan"}')
    play.ask("r1", "set_permission_mode", b'{"mode":"plan"}')
    assert play.seen() == [("request", "set_permission_mode", "claude-remote-ask:r1")]
    play.says("control_response", response=answered("claude-remote-ask:r1", mode="plan"))
    play.ask("r1", "set_permission_mode", b'{"mode":"plan"}')
    assert play.seen() == [("reply", "r1", True, {"mode": "plan"})] * 2
    play.ask("r2", "set_model", b'{"model":"opus"}')
    play.says(
        "control_response", response={"subtype": "error", "request_id": "claude-remote-ask:r2", "error": "no"}
    )
    assert play.seen()[1:] == [("reply", "r2", False, {"error": "no"})]
    play.ask("r3", "set_model", b'{"model":"opus"}')
    play.says("control_response", response=answered("claude-remote-ask:r3"))
    assert play.seen()[1:] == [("reply", "r3", True, {}), SessionChanged(model="opus")]
    play.ask("r6", "set_model", b'{"model":7}')
    play.says("control_response", response=answered("claude-remote-ask:r6"))
    play.seen()
    play.ask("r4", "get_usage", b"[]")
    assert play.seen()[0][:3] == ("reply", "r4", False)
    play.ask("r5", "get_usage")
    play.conversation.ended(0, "", play.now)
    assert ("reply", "r5", False, {"error": "claude has ended"}) in play.seen()


def test_parking_waits_for_the_turn() -> None:
    play = Play()
    play.give("p1")
    play.give("p2")
    play.seen()
    play.release("park")
    play.wait(1000)
    assert "end of input" not in play.seen()
    play.says("result", subtype="success")
    play.state("idle")
    assert names(play.seen())[2:] == [TurnFinished, "end of input"], "p2 is not begun any more"
    play.conversation.ended(0, "", play.now)
    assert play.seen() == [ClaudeExited(code=0, expected=True, reason="Claude was parked.")]


def test_ending_now() -> None:
    play = Play()
    play.give("p1")
    play.seen()
    play.release("now")
    play.release("now")
    assert play.seen() == [("request", "interrupt", "claude-remote-interrupt:1")]
    play.wait(1)
    play.says("result", subtype="error_during_execution", terminal_reason="aborted_streaming")
    play.state("idle")
    assert names(play.seen())[2:] == [TurnFinished, "end of input"]
    play.wait(20)
    assert play.seen() == ["SIGINT", "kill"]


def test_ending_a_claude_that_hears_nothing_takes_less_than_8_seconds() -> None:
    play = Play()
    play.give("p1")
    play.state("running")
    play.seen()
    play.release("park")
    play.wait(30)
    play.release("now")
    play.wait(7.9)
    seen = [item for item in play.seen() if isinstance(item, str)]
    assert seen[0] == "end of input"
    assert seen[-1] == "kill"
    assert "SIGINT" in seen
