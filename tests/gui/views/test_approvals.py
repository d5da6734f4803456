"""Deciding from the queue."""

from __future__ import annotations

import msgspec
import pytest
from msgspec import structs
from PyQt6.QtCore import Qt
from pytestqt.qtbot import QtBot

from claude_remote import facts
from claude_remote.client.approving import File
from claude_remote.errors import AlreadyDecided, LinkLost, NoSuchApproval
from claude_remote.messages import ApprovalInfo, Behavior, Decided
from claude_remote.rights import WATCH
from claude_remote_gui.feed.picture import Approval, Picture, Step
from claude_remote_gui.net.deciding import Outcome
from claude_remote_gui.net.standing import Reconnecting
from claude_remote_gui.text.questions import MOST_LINES, Shown, show
from claude_remote_gui.views.approvals import ApprovalsView
from claude_remote_gui.views.decision import GUARD
from tests.gui import values
from tests.gui.views.still import StillHub


def waiting(*infos: ApprovalInfo) -> Picture:
    return Picture(
        sessions={values.ident(1): values.session(1)}, approvals={info.id: Approval(info) for info in infos}
    )


def settled(info: ApprovalInfo, step: Step, by: str = "me") -> Picture:
    return Picture(approvals={info.id: Approval(info, step, by)})


def whole(
    info: ApprovalInfo, command: str = "make test", *, tool: str = "Bash", plan: str = "", **more: object
) -> facts.ApprovalOpened:
    given: dict[str, object] = {"command": command} if tool == "Bash" else {}
    rules = [{"toolName": "Bash", "ruleContent": "make *"}]
    suggested = [{"type": "addRules", "behavior": "allow", "rules": rules, "destination": "localSettings"}]
    return facts.ApprovalOpened(
        approval=info.id,
        tool=tool,
        input=msgspec.Raw(msgspec.json.encode(given | more)),
        summary=command,
        tool_use="t",
        suggestions=msgspec.Raw(msgspec.json.encode(suggested if tool == "Bash" else [])),
        plan=plan,
    )


def shown(info: ApprovalInfo, command: str = "make test", **more: object) -> Shown:
    return show(whole(info, command, **more))  # type: ignore[arg-type]


@pytest.fixture
def view(qtbot: QtBot, hub: StillHub) -> ApprovalsView:
    view = ApprovalsView(hub)
    qtbot.addWidget(view)
    view.show()
    return view


def ready(qtbot: QtBot, view: ApprovalsView) -> None:
    qtbot.waitUntil(view.decision.choices.yes.isEnabled)


def test_nothing_is_allowed_before_it_is_seen_whole(qtbot: QtBot, hub: StillHub, view: ApprovalsView) -> None:
    asked = values.approval(1, summary="make …")
    hub.put(waiting(asked))
    assert "make …" in view.decision.detail.toPlainText()
    qtbot.waitUntil(view.decision.choices.no.isEnabled)  # to say no, the summary is enough
    assert not view.decision.choices.yes.isEnabled()
    hub.answer(shown(asked, "make test && <b>rm</b> -rf /"))
    assert "make test && <b>rm</b> -rf /" in view.decision.detail.toPlainText()
    assert view.decision.choices.yes.isEnabled()


def test_yes_by_its_key_and_the_receipt(qtbot: QtBot, hub: StillHub, view: ApprovalsView) -> None:
    asked = values.approval(1)
    hub.put(waiting(asked))
    hub.answer(shown(asked))
    ready(qtbot, view)
    qtbot.keyClick(view.table, Qt.Key.Key_Y)
    name, (approval, verdict), _ = hub.call()
    assert (name, approval, verdict.behavior) == ("decide", asked.id, Behavior.ALLOW)
    assert not verdict.for_session
    states = []
    for step in ("decided", "delivered", "taken", "finished"):
        hub.put(settled(asked, step))  # type: ignore[arg-type]
        states.append(view.model.index(0, 0).data())
    assert states == ["decided, by me", "delivered, by me", "taken by Claude, by me", "finished, by me"]
    assert not view.decision.choices.yes.isEnabled()


def test_for_the_session_and_stop(qtbot: QtBot, hub: StillHub, view: ApprovalsView) -> None:
    asked = values.approval(1)
    hub.put(waiting(asked))
    hub.answer(shown(asked))
    ready(qtbot, view)
    qtbot.keyClick(view.table, Qt.Key.Key_S)
    assert hub.call()[1][1].for_session
    sent = len(hub.asked)
    qtbot.keyClick(view.table, Qt.Key.Key_X)  # one is on its way
    assert len(hub.asked) == sent
    hub.answer(error=LinkLost("The link broke."))
    qtbot.keyClick(view.table, Qt.Key.Key_X)
    assert hub.call()[1][1].stop


def test_no_with_words(qtbot: QtBot, hub: StillHub, view: ApprovalsView) -> None:
    asked = values.approval(1)
    hub.put(waiting(asked))
    hub.answer(shown(asked))
    ready(qtbot, view)
    view.decision.words.setFocus()
    qtbot.keyClicks(view.decision.words, "yes? no: use a copy")  # letters in the line decide nothing
    before = len(hub.asked)
    qtbot.keyClick(view.decision.words, Qt.Key.Key_Return)
    assert len(hub.asked) == before + 1
    verdict = hub.call()[1][1]
    assert (verdict.behavior, verdict.message) == (Behavior.DENY, "yes? no: use a copy")


def test_a_key_on_its_way_does_not_decide_the_next_question(
    qtbot: QtBot, hub: StillHub, view: ApprovalsView
) -> None:
    first, second = values.approval(1), values.approval(2)
    hub.put(waiting(first, second))
    hub.answer(shown(first))
    ready(qtbot, view)
    hub.put(Picture(approvals={first.id: Approval(first, "void"), second.id: Approval(second)}))
    hub.answer(shown(second))
    asked = len(hub.asked)
    qtbot.keyClick(view.table, Qt.Key.Key_Y)
    assert len(hub.asked) == asked
    ready(qtbot, view)
    qtbot.keyClick(view.table, Qt.Key.Key_Y)
    assert hub.call()[1][0] == second.id


def test_somebody_else_was_first(qtbot: QtBot, hub: StillHub, view: ApprovalsView) -> None:
    asked = values.approval(1)
    hub.put(waiting(asked))
    hub.answer(shown(asked))
    ready(qtbot, view)
    view.decision.choices.yes.click()
    hub.answer(error=AlreadyDecided("bob has denied it already."))
    assert "bob has denied it already." in view.decision.said.text()


def test_what_cannot_be_fetched_is_said(qtbot: QtBot, hub: StillHub, view: ApprovalsView) -> None:
    hub.put(waiting(values.approval(1)))
    hub.answer(error=NoSuchApproval("It is gone."))
    assert "It is gone." in view.decision.said.text()
    qtbot.waitUntil(view.decision.choices.no.isEnabled)
    assert not view.decision.choices.yes.isEnabled()


def test_who_may_only_watch_decides_nothing(qtbot: QtBot, hub: StillHub, view: ApprovalsView) -> None:
    asked = values.approval(1)
    hub.put(waiting(asked), rights=WATCH)
    hub.answer(shown(asked))
    qtbot.waitUntil(lambda: "no right" in view.decision.said.text())
    assert not view.decision.choices.yes.isEnabled()
    assert not view.decision.choices.no.isEnabled()


def test_the_longest_waiting_of_all_servers_comes_first(
    qtbot: QtBot, hub: StillHub, view: ApprovalsView
) -> None:
    hub.put(waiting(values.approval(5)), server="home")
    hub.put(waiting(values.approval(2)), server="build")
    assert "build" in view.table.model().index(0, 6).data()  # type: ignore[union-attr]


def test_what_yes_for_the_session_remembers_is_said_before(
    qtbot: QtBot, hub: StillHub, view: ApprovalsView
) -> None:
    asked = values.approval(1)
    hub.put(waiting(asked))
    hub.answer(shown(asked))
    ready(qtbot, view)
    assert (
        view.decision.pane.remembers.text()
        == "S allows, until the session ends: commands that begin with `make`."
    )
    assert "addRules" not in view.decision.detail.toPlainText()


def test_the_description_is_said_once(qtbot: QtBot, hub: StillHub, view: ApprovalsView) -> None:
    asked = values.approval(1)
    hub.put(waiting(asked))
    given = whole(asked, "make test", description="make test")
    hub.answer(show(structs.replace(given, description="make test", reason="it asks first")))
    assert view.decision.detail.toPlainText().count("make test") == 1
    assert "it asks first" in view.decision.detail.toPlainText()


def test_where_claude_offers_no_rule_there_is_nothing_for_the_session(
    qtbot: QtBot, hub: StillHub, view: ApprovalsView
) -> None:
    asked = values.approval(1, tool="Deploy")
    hub.put(waiting(asked))
    hub.answer(shown(asked, tool="Deploy", where="<b>here</b>"))
    ready(qtbot, view)
    assert not view.decision.choices.session.isEnabled()


QUESTIONS = [
    {
        "question": "Which database?",
        "header": "Database",
        "multiSelect": False,
        "options": [{"label": "SQLite", "description": "a file"}, {"label": "PostgreSQL"}],
    },
    {
        "question": "Which checks?",
        "header": "Checks",
        "multiSelect": True,
        "options": [{"label": "ruff"}, {"label": "mypy"}, {"label": "pytest"}],
    },
]


def test_questions_have_a_form(qtbot: QtBot, hub: StillHub, view: ApprovalsView) -> None:
    asked = values.approval(1, tool="AskUserQuestion")
    hub.put(waiting(asked))
    hub.answer(shown(asked, tool="AskUserQuestion", questions=QUESTIONS))
    form = view.decision.form
    assert form is not None
    qtbot.waitUntil(view.decision.choices.no.isEnabled)
    assert not view.decision.choices.yes.isEnabled()  # nothing is answered yet
    database, checks = form.questions
    database.choices[0].click()
    assert not view.decision.choices.yes.isEnabled()
    checks.choices[0].click()
    checks.choices[2].click()
    checks.other.setText("by hand")
    ready(qtbot, view)
    view.decision.choices.yes.click()
    verdict = hub.call()[1][1]
    assert verdict.behavior is Behavior.ALLOW
    assert msgspec.json.decode(verdict.input) == {
        "questions": QUESTIONS,
        "answers": {"Which database?": "SQLite", "Which checks?": "ruff, pytest, by hand"},
    }


def test_own_words_in_place_of_the_one_choice(qtbot: QtBot, hub: StillHub, view: ApprovalsView) -> None:
    asked = values.approval(1, tool="AskUserQuestion")
    hub.put(waiting(asked))
    hub.answer(shown(asked, tool="AskUserQuestion", questions=QUESTIONS[:1]))
    assert view.decision.form is not None
    (question,) = view.decision.form.questions
    question.choices[1].click()
    question.other.setText("DuckDB")
    assert view.decision.form.answers() == {"Which database?": "DuckDB"}


def test_a_plan_is_begun_and_edits_pass(qtbot: QtBot, hub: StillHub, view: ApprovalsView) -> None:
    asked = values.approval(1, tool="ExitPlanMode", summary="")
    hub.put(waiting(asked))
    hub.answer(shown(asked, tool="ExitPlanMode", plan="# Plan\n\n1. Read\n2. **Change**"))
    assert "2. Change" in view.decision.detail.toPlainText()
    ready(qtbot, view)
    qtbot.keyClick(view.table, Qt.Key.Key_S)
    verdict = hub.call()[1][1]
    assert (verdict.behavior, verdict.for_session) == (Behavior.ALLOW, False)
    assert verdict.mode == "acceptEdits"


def test_a_plan_goes_on_with_words(qtbot: QtBot, hub: StillHub, view: ApprovalsView) -> None:
    asked = values.approval(1, tool="ExitPlanMode", summary="")
    hub.put(waiting(asked))
    hub.answer(shown(asked, tool="ExitPlanMode", plan="Do it."))
    ready(qtbot, view)
    qtbot.keyClick(view.table, Qt.Key.Key_N)
    verdict = hub.call()[1][1]
    assert (verdict.behavior, verdict.message) == (Behavior.DENY, "Keep planning; do not begin yet.")


def test_a_change_is_shown_against_the_file_and_looked_at_once_more(
    qtbot: QtBot, hub: StillHub, view: ApprovalsView
) -> None:
    asked = values.approval(1, tool="Edit")
    edit = whole(asked, tool="Edit", file_path="/a", old_string="2", new_string="<i>two</i>")
    hub.put(waiting(asked))
    qtbot.waitUntil(view.decision.choices.no.isEnabled)
    assert not view.decision.choices.yes.isEnabled()  # the file is not there yet
    hub.answer(show(edit, File(path="/a", content=b"1\n2\n3\n")))
    assert view.decision.detail.toPlainText().split("\n") == [
        "file_path: /a",
        "@@ -1,3 +1,3 @@",
        " 1",
        "-2",
        "+<i>two</i>",
        " 3",
    ]
    view.decision.yes()
    hub.answer(Outcome(changed=show(edit, File(path="/a", content=b"1\n2\nmore\n"))))
    assert "nothing was decided" in view.decision.said.text()
    assert " more" in view.decision.detail.toPlainText()
    assert not view.decision.choices.yes.isEnabled()  # a key on its way is not for this
    ready(qtbot, view)
    view.decision.yes()
    hub.answer(Outcome(Decided(approval=asked.id, behavior=Behavior.ALLOW, by="me")))
    assert "Recorded" in view.decision.said.text()


def test_what_is_too_long_to_be_shown_cannot_be_allowed(
    qtbot: QtBot, hub: StillHub, view: ApprovalsView
) -> None:
    asked = values.approval(1)
    hub.put(waiting(asked))
    hub.answer(shown(asked, "x\n" * (MOST_LINES + 1)))
    qtbot.waitUntil(lambda: view.decision.detail.complete)
    qtbot.waitUntil(view.decision.choices.no.isEnabled)
    for each in (view.decision.choices.yes, view.decision.choices.session, view.decision.choices.rule):
        assert not each.isEnabled()
    assert "too long to be shown here" in view.decision.said.text()


def test_what_is_long_can_be_allowed_when_all_of_it_is_there(
    qtbot: QtBot, hub: StillHub, view: ApprovalsView
) -> None:
    asked = values.approval(1)
    hub.put(waiting(asked))
    qtbot.waitUntil(view.decision.choices.no.isEnabled)
    hub.answer(shown(asked, "x\n" * 3_000))
    assert not view.decision.choices.yes.isEnabled()
    ready(qtbot, view)
    assert view.decision.detail.document().blockCount() > 3_000  # type: ignore[union-attr]


def test_who_types_on_while_the_question_changes_decides_nothing(
    qtbot: QtBot, hub: StillHub, view: ApprovalsView
) -> None:
    first, second = values.approval(1), values.approval(2)
    hub.put(waiting(first, second))
    hub.answer(shown(first))
    ready(qtbot, view)
    view.decision.words.setFocus()
    hub.put(Picture(approvals={first.id: Approval(first, "void"), second.id: Approval(second)}))
    hub.answer(shown(second))
    asked = len(hub.asked)
    for _ in range(4):  # longer than the guard holds by itself
        qtbot.keyClick(view.decision, Qt.Key.Key_Y)
        qtbot.wait(GUARD // 2)
    assert len(hub.asked) == asked
    ready(qtbot, view)
    qtbot.keyClick(view.decision, Qt.Key.Key_Y)
    assert hub.call()[1][0] == second.id


def test_the_focus_stays_with_the_question_when_it_is_decided(
    qtbot: QtBot, hub: StillHub, view: ApprovalsView
) -> None:
    first = values.approval(1)
    hub.put(waiting(first))
    hub.answer(shown(first))
    ready(qtbot, view)
    view.activateWindow()
    view.decision.choices.yes.setFocus()
    view.decision.choices.yes.click()
    assert view.focusWidget() is view.decision  # and not with whatever comes next in the window


def test_a_question_that_could_not_be_fetched_is_fetched_when_its_server_is_back(
    qtbot: QtBot, hub: StillHub, view: ApprovalsView
) -> None:
    asked = values.approval(1)
    hub.put(waiting(asked))
    hub.answer(error=LinkLost("The link broke."))
    assert "The link broke." in view.decision.said.text()
    hub.stand(Reconnecting("it is away", 0.0))
    assert not hub.asked
    hub.put(waiting(asked))
    hub.put(waiting(asked))
    assert len(hub.asked) == 1  # once
    hub.answer(shown(asked))
    ready(qtbot, view)
    hub.put(waiting(asked))
    assert not hub.asked
