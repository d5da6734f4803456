"""The bell and the title of a terminal."""

from __future__ import annotations

import pytest

from claude_remote import facts
from claude_remote.cli import main
from claude_remote.cli.ringing import LONG, Ringing, is_wanted
from claude_remote.paths import Paths

ASKED = facts.ApprovalOpened(
    approval="a", tool="Bash\x1b[2J", tool_use="t", input=facts.Raw(b"{}"), summary="x"
)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def rings(*happened: facts.AnyFact | float) -> tuple[str, Ringing]:
    clock, written = Clock(), []
    ringing = Ringing(written.append, clock=clock)
    ringing.name = "fix-tests"
    for each in happened:
        if isinstance(each, float):
            clock.now += each
        else:
            ringing.fact(each)
    ringing.close()
    return "".join(written), ringing


def test_an_approval_rings_and_stands_in_the_title() -> None:
    out, _ = rings(ASKED, facts.ApprovalDelivered(approval="a", behavior="allow", by="me"))
    assert out == (
        "\x1b[22;0t\x1b]0;? Bash\\x1b[2J · fix-tests · claude-remote\x1b\\\a"
        "\x1b]0;fix-tests · claude-remote\x1b\\\x1b[23;0t"
    )


def test_the_end_of_a_turn_rings_when_it_took_a_while() -> None:
    begun, done = facts.TurnStarted(prompt="p"), facts.TurnFinished(prompt="p", outcome="done")
    for seconds, outcome, count in ((LONG, done, 1), (LONG - 1, done, 0)):
        out, _ = rings(begun, seconds, outcome)
        assert out.count("\a") == count
        assert "done · fix-tests" in out
    out, _ = rings(begun, LONG, facts.TurnFinished(prompt="p", outcome="done", error=True))
    assert "failed · fix-tests" in out
    assert out.count("\a") == 1
    out, _ = rings(begun, LONG, facts.TurnFinished(prompt="p", outcome="interrupted"))
    assert "\a" not in out


def test_nothing_happened_and_nothing_is_said() -> None:
    assert rings()[0] == ""


def test_it_can_be_switched_off(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    assert is_wanted()
    for word, wanted in (("--no-bell", False), ("--bell", True)):
        assert main(["config", word]) == 0
        assert is_wanted() is wanted
    assert main(["config"]) == 2
    assert paths.client_config.exists()
