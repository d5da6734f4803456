"""The table of sessions, the conversation beside it, and beginning a new one."""

from __future__ import annotations

import pytest
from PyQt6.QtCore import QMimeData, Qt, QUrl
from pytestqt.qtbot import QtBot

from claude_remote.client.conversation.items import Doing, Said
from claude_remote.errors import NoSuchFolder, QueueFull
from claude_remote.messages import SessionInfo, SessionState
from claude_remote.rights import WATCH
from claude_remote_gui.feed.picture import Picture
from claude_remote_gui.net.posts import Read
from claude_remote_gui.views.prompt_box import PromptBox
from claude_remote_gui.views.sessions import SessionsView
from tests.gui import values
from tests.gui.views.still import StillHub


@pytest.fixture
def view(qtbot: QtBot, hub: StillHub) -> SessionsView:
    view = SessionsView(hub)
    qtbot.addWidget(view)
    view.show()
    return view


def picture(*sessions: SessionInfo) -> Picture:
    return Picture(sessions={session.id: session for session in sessions})


def names(view: SessionsView) -> list[str]:
    model = view.table.model()
    assert model is not None
    return [model.index(row, 1).data() for row in range(model.rowCount())]


def test_who_waits_comes_first_and_filters_hide(qtbot: QtBot, hub: StillHub, view: SessionsView) -> None:
    hub.put(
        picture(
            values.session(1, name="parked", state=SessionState.PARKED),
            values.session(2, name="busy", state=SessionState.WORKING, cwd="/srv/special"),
            values.session(3, name="asks", state=SessionState.WAITING),
        )
    )
    assert names(view) == ["asks", "busy", "parked"]
    view.filter.setText("SPECIAL")
    assert names(view) == ["busy"]
    view.filter.clear()
    hub.put(
        picture(values.session(1, name="parked", state=SessionState.WAITING), values.session(4, name="new"))
    )
    assert sorted(names(view)) == ["new", "parked"]


def test_choosing_one_reads_its_conversation(qtbot: QtBot, hub: StillHub, view: SessionsView) -> None:
    hub.put(picture(values.session(1), values.session(2)))
    view.open("home", values.ident(2))
    assert hub.opened == [("home", values.ident(2))]
    conversation = view.conversation
    assert conversation.title.text() == "session-2"
    hub.read.emit([Read(1, (Said(id=1, text="hello"),), doing=Doing.THINKING, caught_up=True)])
    assert "hello" in conversation.transcript.toPlainText()
    assert conversation.doing.text() == "Claude is thinking …"
    view.open("home", values.ident(1))
    hub.read.emit([Read(1, (Said(id=2, text="too late"),))])  # of the session before
    assert conversation.transcript.toPlainText() == ""


def test_a_session_that_is_not_yet_in_the_feed_is_opened_when_it_is(
    qtbot: QtBot, hub: StillHub, view: SessionsView
) -> None:
    view.open("home", values.ident(1))
    assert not hub.opened
    hub.put(picture(values.session(1)))
    assert hub.opened == [("home", values.ident(1))]


def test_prompting_and_a_prompt_that_does_not_arrive(qtbot: QtBot, hub: StillHub, view: SessionsView) -> None:
    hub.put(picture(values.session(1)))
    view.open("home", values.ident(1))
    box = view.conversation.prompt
    qtbot.keyClicks(box, "first line")
    qtbot.keyClick(box, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClicks(box, "second")
    assert not hub.asked
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert len(hub.asked) == 1
    assert box.toPlainText() == ""
    hub.answer(error=QueueFull("Too many prompts wait already."))
    assert box.toPlainText() == "first line\nsecond"
    assert "Too many prompts" in view.conversation.trouble.text()


def test_interrupting_and_the_mode(qtbot: QtBot, hub: StillHub, view: SessionsView) -> None:
    hub.put(picture(values.session(1, state=SessionState.WORKING)))
    view.open("home", values.ident(1))
    view.conversation.interrupt.click()
    assert hub.call() == ("interrupt", (values.ident(1),), {})
    view.conversation.mode.setCurrentText("plan")
    view.conversation.mode.activated.emit(0)
    assert hub.call() == ("control", (values.ident(1), "set_permission_mode"), {"mode": "plan"})


def test_who_may_only_watch_cannot_prompt(qtbot: QtBot, hub: StillHub, view: SessionsView) -> None:
    hub.put(picture(values.session(1, state=SessionState.WORKING)), rights=WATCH)
    view.open("home", values.ident(1))
    assert not view.conversation.prompt.isEnabled()
    assert not view.conversation.interrupt.isEnabled()


def test_a_new_session(qtbot: QtBot, hub: StillHub, view: SessionsView) -> None:
    hub.put(picture())
    view.begin.click()
    new = view.new
    new.folder.setText("src/api")
    new.model.setText("opus")
    new.mode.setCurrentText("plan")
    new.prompt.setPlainText("Begin.")
    new.prompt.submit()
    hub.answer(error=NoSuchFolder("There is no such folder."))
    assert new.said.text() == "There is no such folder."
    assert new.prompt.toPlainText() == "Begin."
    new.prompt.submit()
    hub.answer(values.session(7))
    assert not new.isVisible()
    hub.put(picture(values.session(7)))
    assert view.conversation.shown == ("home", values.ident(7))


def test_the_history_of_prompts(qtbot: QtBot) -> None:
    box = PromptBox()
    qtbot.addWidget(box)
    for text in ("one", "two"):
        box.setPlainText(text)
        box.submit()
    box.setPlainText("draft")
    shown = []
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Down):
        qtbot.keyClick(box, key)
        shown.append(box.toPlainText())
    assert shown == ["two", "one", "one", "two", "draft"]


def test_a_dropped_file_is_its_path_and_everything_else_plain(qtbot: QtBot) -> None:
    box = PromptBox()
    qtbot.addWidget(box)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/tmp/a.png"), QUrl.fromLocalFile("/tmp/b")])
    box.insertFromMimeData(data)
    assert box.toPlainText() == "@/tmp/a.png @/tmp/b"
    rich = QMimeData()
    rich.setHtml("<b>bold</b>")
    rich.setText("bold")
    box.clear()
    box.insertFromMimeData(rich)
    assert box.toPlainText() == "bold"
