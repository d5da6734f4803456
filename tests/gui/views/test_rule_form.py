"""Allowing by a rule: what is offered, what is refused, and what is asked of the server."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from msgspec import structs
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from claude_remote.errors import AlreadyDecided, NoSuchFolder
from claude_remote.messages import Behavior, Decided, RuleInfo, Scope
from claude_remote.rights import WATCH
from claude_remote_gui.net.deciding import Outcome
from claude_remote_gui.text.questions import show
from claude_remote_gui.views.approvals import ApprovalsView
from claude_remote_gui.views.rule_form import RuleForm
from tests.gui import values
from tests.gui.views.still import Recorder, StillHub
from tests.gui.views.test_approvals import QUESTIONS, ready, settled, shown, view, waiting, whole

__all__ = ["view"]

ASKED = values.approval(1)


@pytest.fixture
def form(qtbot: QtBot, hub: StillHub, view: ApprovalsView) -> RuleForm:
    """Opened by its key, for `make test`, where Claude proposes Bash(make *)."""
    hub.put(waiting(ASKED))
    hub.answer(shown(ASKED))
    ready(qtbot, view)
    qtbot.keyClick(view.table, Qt.Key.Key_R)
    assert view.decision.rule.isVisible()
    return view.decision.rule


def calls(hub: StillHub) -> list[tuple[str, tuple[object, ...], dict[str, object]]]:
    """What the last request asks of its client, all of it."""
    recorder = Recorder()
    hub.asked[-1][1](recorder)  # type: ignore[arg-type]
    return recorder.calls


def test_what_claude_proposes_is_made_with_the_yes(
    qtbot: QtBot, hub: StillHub, view: ApprovalsView, form: RuleForm
) -> None:
    assert form.rule.currentText() == "Bash(make *)"
    assert "commands that begin with `make`; in the session session-1, for 8 h." in form.about.text()
    assert not view.decision.choices.isVisible()
    qtbot.keyClick(form.rule, Qt.Key.Key_Return)
    (name, given, where), (then, (approval, verdict), _) = calls(hub)
    assert (name, given) == ("add_rule", ("Bash(make *)", Scope.SESSION))
    assert where == {"session": values.ident(1), "folder": None, "seconds": 28_800}
    assert (then, approval, verdict.behavior) == ("decide", ASKED.id, Behavior.ALLOW)  # type: ignore[attr-defined]
    assert not view.decision.choices.yes.isEnabled()  # it is on its way
    made = RuleInfo(id="r", rule="Bash(make *)", scope=Scope.SESSION, by="me", created=0.0, session_name="s")
    hub.answer(Outcome(Decided(approval=ASKED.id, behavior=Behavior.ALLOW, by="me"), made))
    assert "From now on passes, in session s: commands that begin with `make`." in view.decision.said.text()
    assert view.decision.choices.isVisible()


def test_letters_in_its_lines_decide_nothing_and_escape_leaves_it(
    qtbot: QtBot, hub: StillHub, view: ApprovalsView, form: RuleForm
) -> None:
    asked = len(hub.asked)
    line = form.rule.lineEdit()
    assert line is not None
    line.selectAll()
    qtbot.keyClicks(line, "yxns")
    assert form.rule.currentText() == "yxns"
    qtbot.keyClick(view.table, Qt.Key.Key_X)  # also where its keys would be heard otherwise
    assert len(hub.asked) == asked
    assert "every use of yxns" in form.about.text()
    assert "would not have answered" in form.about.text()
    qtbot.keyClick(form.rule, Qt.Key.Key_Escape)
    assert not form.isVisible()
    assert view.decision.choices.isVisible()
    assert QApplication.focusWidget() in {view.decision.choices.rule, None}


def test_where_and_how_long(qtbot: QtBot, hub: StillHub, form: RuleForm) -> None:
    assert not form.folder.isVisible()
    form.scope.setCurrentText("sessions below a folder")
    assert form.folder.isVisible()
    assert form.folder.text() == "/home/me/src/api"
    form.folder.setText("/home/me/src")
    form.lasts.setEditText("until it is withdrawn")
    assert "in /home/me/src or below, until it is withdrawn." in form.about.text()
    form.make.click()
    (_, (_, scope), where), _ = calls(hub)
    assert scope is Scope.FOLDER
    assert where == {"session": None, "folder": "/home/me/src", "seconds": None}


@pytest.mark.parametrize(
    ("rule", "lasts", "words"),
    [
        ("make *", "8h", "is no rule: write Bash(pytest *)"),
        ("ExitPlanMode", "8h", "no rule answers it"),
        ("Bash(make *)", "soon", "is no duration"),
    ],
)
def test_what_cannot_be_is_said_while_it_is_written(
    hub: StillHub, form: RuleForm, rule: str, lasts: str, words: str
) -> None:
    form.rule.setEditText(rule)
    form.lasts.setEditText(lasts)
    assert words in form.about.text()
    assert not form.make.isEnabled()
    form.lasts.lineEdit().returnPressed.emit()  # type: ignore[union-attr]
    assert form.isVisible()


def test_what_the_server_refuses_is_said_and_the_question_waits(
    qtbot: QtBot, hub: StillHub, view: ApprovalsView, form: RuleForm
) -> None:
    form.make.click()
    hub.answer(error=NoSuchFolder("There is no such folder."))
    assert "There is no such folder." in view.decision.said.text()
    assert view.decision.choices.yes.isEnabled()


def test_a_rule_whose_question_somebody_else_decided_is_told_of(
    hub: StillHub, view: ApprovalsView, form: RuleForm
) -> None:
    form.make.click()
    made = RuleInfo(id="r", rule="Bash(make *)", scope=Scope.EVERYWHERE, by="me", created=0.0)
    hub.answer(Outcome(rule=made, error=AlreadyDecided("bob has denied it.")))
    assert "From now on passes, everywhere" in view.decision.said.text()
    assert "bob has denied it." in view.decision.said.text()


def test_a_question_that_is_settled_takes_its_form_away(
    hub: StillHub, view: ApprovalsView, form: RuleForm
) -> None:
    hub.put(settled(ASKED, "decided", "bob"))
    assert not form.isVisible()
    assert not view.decision.choices.rule.isEnabled()


@pytest.mark.parametrize(
    ("tool", "change", "more", "words"),
    [
        (
            "Bash",
            {"guarded": True},
            {},
            "No rule answers this: Claude marks it as one that a person decides.",
        ),
        ("Bash", {"reason_type": "hook"}, {}, "a reason that is for a person to judge (hook)."),
        ("AskUserQuestion", {}, {"questions": QUESTIONS}, "it is a question for a person."),
        ("ExitPlanMode", {}, {}, "it is a question for a person."),
    ],
)
def test_where_no_rule_answers_that_is_said(
    qtbot: QtBot,
    hub: StillHub,
    view: ApprovalsView,
    tool: str,
    change: dict[str, object],
    more: dict[str, object],
    words: str,
) -> None:
    asked = values.approval(1, tool=tool)
    hub.put(waiting(asked))
    hub.answer(show(structs.replace(whole(asked, tool=tool, plan="Do it.", **more), **change)))
    qtbot.waitUntil(view.decision.choices.rule.isEnabled)
    qtbot.keyClick(view.table, Qt.Key.Key_R)
    assert not view.decision.rule.isVisible()
    assert words in view.decision.said.text()


def test_while_claude_plans_no_rule_answers(qtbot: QtBot, hub: StillHub, view: ApprovalsView) -> None:
    planning = values.session(1, mode="plan")
    hub.put(replace(waiting(ASKED), sessions={planning.id: planning}))
    hub.answer(shown(ASKED))
    ready(qtbot, view)
    qtbot.keyClick(view.table, Qt.Key.Key_R)
    assert "Claude plans" in view.decision.said.text()


def test_who_may_not_decide_makes_no_rule(qtbot: QtBot, hub: StillHub, view: ApprovalsView) -> None:
    hub.put(waiting(ASKED), rights=WATCH)
    hub.answer(shown(ASKED))
    qtbot.waitUntil(lambda: "no right" in view.decision.said.text())
    qtbot.keyClick(view.table, Qt.Key.Key_R)
    assert not view.decision.rule.isVisible()


def test_what_is_unlike_any_rule_begins_with_an_empty_line(
    qtbot: QtBot, hub: StillHub, view: ApprovalsView
) -> None:
    asked = values.approval(1, tool="Deploy")
    hub.put(waiting(asked))
    hub.answer(show(structs.replace(whole(asked, tool="Deploy"), input=msgspec.Raw(b'{"where":"here"}'))))
    ready(qtbot, view)
    view.decision.by_rule()
    assert view.decision.rule.rule.currentText() == ""
    assert "Write what shall pass" in view.decision.rule.about.text()
