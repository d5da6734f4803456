"""A yes is for what was seen."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from claude_remote import facts
from claude_remote.client.approving import Asked, File
from claude_remote.client.turn import Verdict
from claude_remote.errors import AlreadyDecided, QueueFull, RemoteError
from claude_remote.messages import ApprovalState, Behavior, Decided, RuleInfo, Scope
from claude_remote_gui.net.asking import read_question
from claude_remote_gui.net.deciding import decide
from claude_remote_gui.rule_words import Wish
from tests.gui import values

YES = Verdict(behavior=Behavior.ALLOW)
INFO = values.approval(1, tool="Edit")
FACT = facts.ApprovalOpened(
    approval=INFO.id,
    tool="Edit",
    input=msgspec.Raw(b'{"file_path":"/a","old_string":"1","new_string":"2"}'),
    summary="",
    tool_use="t",
)


class Scripted:
    """Stands where a Client stands; `fails`: what a call raises."""

    def __init__(self, content: bytes = b"1\n", **fails: RemoteError) -> None:
        self.content = content
        self.state = ApprovalState.OPEN
        self.fails = fails
        self.calls: list[Any] = []

    def approval(self, which: str, *, file: bool = False) -> Asked:
        found = File(path="/a", content=self.content) if file else None
        return Asked(info=msgspec.structs.replace(INFO, state=self.state), fact=FACT, file=found)

    def add_rule(self, rule: str, scope: Scope, **where: Any) -> RuleInfo:
        return self._call("add_rule", RuleInfo(id="r", rule=rule, scope=scope, by="me", created=0.0), where)

    def decide(self, approval: str, verdict: Verdict) -> Decided:
        return self._call("decide", Decided(approval=approval, behavior=verdict.behavior, by="me"), verdict)

    def _call(self, name: str, answer: Any, given: Any) -> Any:
        self.calls.append((name, given))
        if name in self.fails:
            raise self.fails[name]
        return answer


def test_what_is_as_it_was_seen_is_decided() -> None:
    client = Scripted()
    shown = read_question(client, INFO, open_=True)  # type: ignore[arg-type]
    outcome = decide(client, INFO, YES, shown)  # type: ignore[arg-type]
    assert outcome.decided is not None
    assert client.calls == [("decide", YES)]


def test_a_file_that_is_another_now_is_shown_and_nothing_is_decided() -> None:
    client = Scripted()
    shown = read_question(client, INFO, open_=True)  # type: ignore[arg-type]
    client.content = b"1\nand more\n"
    outcome = decide(client, INFO, YES, shown, Wish("Edit", Scope.SESSION))  # type: ignore[arg-type]
    assert client.calls == []
    assert outcome.changed is not None
    assert " and more" in [each.text for each in outcome.changed.paragraphs]
    assert decide(client, INFO, YES, outcome.changed).decided  # type: ignore[arg-type]


def test_a_question_that_is_settled_is_not_compared() -> None:
    client = Scripted(decide=AlreadyDecided("bob was first"))
    shown = read_question(client, INFO, open_=True)  # type: ignore[arg-type]
    client.state, client.content = ApprovalState.TAKEN, b"2\n"
    with pytest.raises(AlreadyDecided):
        decide(client, INFO, YES, shown)  # type: ignore[arg-type]
    assert read_question(client, INFO, open_=False).file is None  # type: ignore[arg-type]


def test_a_no_needs_no_look() -> None:
    client = Scripted()
    assert decide(client, INFO, Verdict(behavior=Behavior.DENY)).decided  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wish", "where"),
    [
        (Wish("Edit", Scope.SESSION, "", 60.0), {"session": INFO.session, "folder": None, "seconds": 60.0}),
        (Wish("Edit", Scope.FOLDER, "/api"), {"session": None, "folder": "/api", "seconds": None}),
    ],
)
def test_the_rule_comes_first(wish: Wish, where: dict[str, Any]) -> None:
    client = Scripted()
    outcome = decide(client, INFO, YES, None, wish)  # type: ignore[arg-type]
    assert [name for name, _ in client.calls] == ["add_rule", "decide"]
    assert client.calls[0][1] == where
    assert outcome.rule is not None


def test_what_fails_when_is_told() -> None:
    wish = Wish("Edit", Scope.SESSION)
    client = Scripted(add_rule=QueueFull("too many rules"))
    with pytest.raises(QueueFull):
        decide(client, INFO, YES, None, wish)  # type: ignore[arg-type]
    assert [name for name, _ in client.calls] == ["add_rule"]  # it is asked on
    late = Scripted(decide=AlreadyDecided("bob was first"))
    outcome = decide(late, INFO, YES, None, wish)  # type: ignore[arg-type]
    assert outcome.rule is not None
    assert outcome.decided is None
    assert isinstance(outcome.error, AlreadyDecided)
