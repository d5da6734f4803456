"""Deciding from the queue."""

from __future__ import annotations

import msgspec
import pytest
from PyQt6.QtCore import Qt
from pytestqt.qtbot import QtBot

from claude_remote import facts
from claude_remote.errors import AlreadyDecided, NoSuchApproval
from claude_remote.messages import ApprovalInfo, Behavior
from claude_remote.rights import WATCH
from claude_remote_gui.feed.picture import Approval, Picture, Step
from claude_remote_gui.views.approvals import ApprovalsView
from tests.gui import values
from tests.gui.views.still import StillHub


def waiting(*infos: ApprovalInfo) -> Picture:
    return Picture(
        sessions={values.ident(1): values.session(1)}, approvals={info.id: Approval(info) for info in infos}
    )


def settled(info: ApprovalInfo, step: Step, by: str = "me") -> Picture:
    return Picture(approvals={info.id: Approval(info, step, by)})


def question(info: ApprovalInfo, command: str = "make test") -> facts.ApprovalOpened:
    return facts.ApprovalOpened(
        approval=info.id,
        tool="Bash",
        input=msgspec.Raw(msgspec.json.encode({"command": command})),
        summary=command,
        tool_use="t",
    )


@pytest.fixture
def view(qtbot: QtBot, hub: StillHub) -> ApprovalsView:
    view = ApprovalsView(hub)
    qtbot.addWidget(view)
    view.show()
    return view


def ready(qtbot: QtBot, view: ApprovalsView) -> None:
    qtbot.waitUntil(view.yes_button.isEnabled)


def test_nothing_is_allowed_before_it_is_seen_whole(qtbot: QtBot, hub: StillHub, view: ApprovalsView) -> None:
    asked = values.approval(1, summary="make …")
    hub.put(waiting(asked))
    assert "make …" in view.detail.toPlainText()
    qtbot.waitUntil(view.no_button.isEnabled)  # to say no, the summary is enough
    assert not view.yes_button.isEnabled()
    hub.answer(question(asked, "make test && <b>rm</b> -rf /"))
    assert "make test && <b>rm</b> -rf /" in view.detail.toPlainText()
    assert view.yes_button.isEnabled()


def test_yes_by_its_key_and_the_receipt(qtbot: QtBot, hub: StillHub, view: ApprovalsView) -> None:
    asked = values.approval(1)
    hub.put(waiting(asked))
    hub.answer(question(asked))
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
    assert not view.yes_button.isEnabled()


def test_for_the_session_and_stop(qtbot: QtBot, hub: StillHub, view: ApprovalsView) -> None:
    asked = values.approval(1)
    hub.put(waiting(asked))
    hub.answer(question(asked))
    ready(qtbot, view)
    qtbot.keyClick(view.table, Qt.Key.Key_S)
    assert hub.call()[1][1].for_session
    qtbot.keyClick(view.table, Qt.Key.Key_X)
    assert hub.call()[1][1].stop


def test_no_with_words(qtbot: QtBot, hub: StillHub, view: ApprovalsView) -> None:
    asked = values.approval(1)
    hub.put(waiting(asked))
    hub.answer(question(asked))
    ready(qtbot, view)
    view.words.setFocus()
    qtbot.keyClicks(view.words, "yes? no: use a copy")  # letters in the line decide nothing
    before = len(hub.asked)
    qtbot.keyClick(view.words, Qt.Key.Key_Return)
    assert len(hub.asked) == before + 1
    verdict = hub.call()[1][1]
    assert (verdict.behavior, verdict.message) == (Behavior.DENY, "yes? no: use a copy")


def test_a_key_on_its_way_does_not_decide_the_next_question(
    qtbot: QtBot, hub: StillHub, view: ApprovalsView
) -> None:
    first, second = values.approval(1), values.approval(2)
    hub.put(waiting(first, second))
    hub.answer(question(first))
    ready(qtbot, view)
    hub.put(Picture(approvals={first.id: Approval(first, "void"), second.id: Approval(second)}))
    hub.answer(question(second))
    asked = len(hub.asked)
    qtbot.keyClick(view.table, Qt.Key.Key_Y)
    assert len(hub.asked) == asked
    ready(qtbot, view)
    qtbot.keyClick(view.table, Qt.Key.Key_Y)
    assert hub.call()[1][0] == second.id


def test_somebody_else_was_first(qtbot: QtBot, hub: StillHub, view: ApprovalsView) -> None:
    asked = values.approval(1)
    hub.put(waiting(asked))
    hub.answer(question(asked))
    ready(qtbot, view)
    view.yes_button.click()
    hub.answer(error=AlreadyDecided("bob has denied it already."))
    assert "bob has denied it already." in view.said.text()


def test_what_cannot_be_fetched_is_said(qtbot: QtBot, hub: StillHub, view: ApprovalsView) -> None:
    hub.put(waiting(values.approval(1)))
    hub.answer(error=NoSuchApproval("It is gone."))
    assert "It is gone." in view.said.text()
    qtbot.waitUntil(view.no_button.isEnabled)
    assert not view.yes_button.isEnabled()


def test_who_may_only_watch_decides_nothing(qtbot: QtBot, hub: StillHub, view: ApprovalsView) -> None:
    asked = values.approval(1)
    hub.put(waiting(asked), rights=WATCH)
    hub.answer(question(asked))
    qtbot.waitUntil(lambda: "no right" in view.said.text())
    assert not view.yes_button.isEnabled()
    assert not view.no_button.isEnabled()


def test_the_longest_waiting_of_all_servers_comes_first(
    qtbot: QtBot, hub: StillHub, view: ApprovalsView
) -> None:
    hub.put(waiting(values.approval(5)), server="home")
    hub.put(waiting(values.approval(2)), server="build")
    assert "build" in view.table.model().index(0, 6).data()  # type: ignore[union-attr]
