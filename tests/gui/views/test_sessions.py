"""The table of sessions, the conversation beside it, and beginning a new one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PyQt6.QtCore import QMimeData, Qt, QUrl
from PyQt6.QtGui import QImage
from pytestqt.qtbot import QtBot

from claude_remote.client.conversation.items import Doing, Said
from claude_remote.client.steering import Sent
from claude_remote.errors import NameTaken, NoSuchFolder, QueueFull
from claude_remote.messages import Behavior, Cursor, Opened, SessionInfo, SessionState
from claude_remote.rights import WATCH
from claude_remote_gui.feed.picture import Approval, Picture
from claude_remote_gui.net.posts import Read
from claude_remote_gui.past_prompts import PastPrompts
from claude_remote_gui.text.questions import show
from claude_remote_gui.views.composer import Composer
from claude_remote_gui.views.prompt_box import PromptBox
from claude_remote_gui.views.sessions import SessionsView
from tests.gui import values
from tests.gui.views.still import StillHub
from tests.gui.views.test_approvals import whole


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
    new.folder.setEditText("src/api")
    new.model.setEditText("opus")
    new.mode.setCurrentText("plan")
    new.prompt.setPlainText("Begin.")
    new.prompt.submit()
    hub.answer(error=NoSuchFolder("There is no such folder."))
    assert new.said.text() == "There is no such folder."
    assert new.prompt.toPlainText() == "Begin."
    new.prompt.submit()
    _, _, asked = hub.call()
    assert asked == {
        "name": None,
        "cwd": "src/api",
        "options": ["--model", "opus", "--permission-mode", "plan"],
    }
    hub.answer(Sent(prompt=values.ident(70), session=values.session(7)))
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


def test_the_history_is_that_of_all_places(qtbot: QtBot) -> None:
    past = PastPrompts()
    here, there = PromptBox(past), PromptBox(past)
    for box in (here, there):
        qtbot.addWidget(box)
    there.setPlainText("written there")
    there.submit()
    qtbot.keyClick(here, Qt.Key.Key_Up)
    assert here.toPlainText() == "written there"


def drop(box: PromptBox, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    box.insertFromMimeData(data)


def test_a_file_goes_by_its_path_where_claude_can_read_it(qtbot: QtBot) -> None:
    composer = Composer()
    qtbot.addWidget(composer)
    drop(composer.box, Path("/tmp/a.png"), Path("/tmp/b"))
    assert composer.box.toPlainText() == "@/tmp/a.png @/tmp/b"
    rich = QMimeData()
    rich.setHtml("<b>bold</b>")
    rich.setText("bold")
    composer.box.clear()
    composer.box.insertFromMimeData(rich)
    assert composer.box.toPlainText() == "bold"


def test_to_another_machine_goes_what_is_in_the_file(qtbot: QtBot, tmp_path: Path) -> None:
    composer = Composer()
    composer.here = False
    qtbot.addWidget(composer)
    (tmp_path / "a.py").write_text("print()\n")
    (tmp_path / "b.png").write_bytes(b"\x89PNG\0")
    (tmp_path / "c.txt").write_text("x" * 300_000)
    drop(composer.box, tmp_path / "a.py", tmp_path / "b.png")
    assert "a.py (1 KiB)" in composer.attached.text()
    assert "b.png is no text" in composer.said.text()
    drop(composer.box, tmp_path / "c.txt")
    assert "256 KiB" in composer.said.text()
    composer.box.setPlainText("Look.")
    with qtbot.waitSignal(composer.submitted) as sent:
        composer.box.submit()
    (whole,) = sent.args
    assert whole == 'Look.\n\n<attached-file name="a.py">\nprint()\n</attached-file>'
    assert not composer.attachments
    composer.give_back(whole)
    assert composer.box.toPlainText() == "Look."
    assert [each.name for each in composer.attachments] == ["a.py"]


def test_a_picture_that_is_pasted_is_not_lost_in_silence(qtbot: QtBot) -> None:
    composer = Composer()
    qtbot.addWidget(composer)
    picture = QMimeData()
    picture.setImageData(QImage(4, 4, QImage.Format.Format_RGB32))
    assert composer.box.canInsertFromMimeData(picture)
    composer.box.insertFromMimeData(picture)
    assert "carries text alone" in composer.said.text()
    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile("/tmp/a")])
    assert composer.box.canInsertFromMimeData(files)


def test_steering_into_the_turn_that_runs(qtbot: QtBot, hub: StillHub, view: SessionsView) -> None:
    hub.put(picture(values.session(1, state=SessionState.WORKING)))
    conversation = view.conversation
    assert (conversation.send.text(), conversation.send_now.isVisible()) == ("Queue", True)
    conversation.prompt.setPlainText("And the docs.")
    qtbot.keyClick(conversation.prompt, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert hub.call() == ("send", ("And the docs.",), {"session": values.ident(1), "now": True})
    hub.answer()
    hub.put(picture(values.session(1)))
    assert (conversation.send.text(), conversation.send_now.isVisible()) == ("Send", False)


def test_renaming_forking_and_stopping(qtbot: QtBot, hub: StillHub, view: SessionsView) -> None:
    hub.put(picture(values.session(1)))
    conversation = view.conversation
    conversation.menu.rename.trigger()
    assert conversation.strip.field.text() == "session-1"
    conversation.strip.field.setText("dates")
    conversation.strip.really.click()
    assert hub.call() == ("rename", (values.ident(1), "dates"), {})
    hub.answer(error=NameTaken("Another session is called so."))
    assert conversation.trouble.text() == "Another session is called so."

    conversation.menu.stop.trigger()
    assert "Stop session-1?" in conversation.strip.words.text()
    conversation.strip.keep.click()
    assert not hub.asked
    conversation.menu.stop.trigger()
    conversation.strip.really.click()
    assert hub.call() == ("close_session", (values.ident(1),), {})
    hub.answer()

    conversation.menu.fork.trigger()
    assert hub.call() == ("open", (), {"session": values.ident(1), "fork": True})
    copy = values.session(2)
    hub.answer(Opened(session=copy, cursor=Cursor(1, 0)))
    hub.put(picture(values.session(1), copy))
    assert conversation.shown == ("home", copy.id)


def test_at_first_the_session_that_waits_is_shown_and_the_focus_stays(
    qtbot: QtBot, hub: StillHub, view: SessionsView
) -> None:
    view.filter.setFocus()
    hub.put(
        picture(
            values.session(1, state=SessionState.WAITING),
            values.session(2, state=SessionState.IDLE, changed=9_000.0),
        )
    )
    assert view.conversation.shown == ("home", values.ident(1))
    assert not view.conversation.prompt.hasFocus()
    hub.put(picture(values.session(1), values.session(2, state=SessionState.WAITING)))
    assert view.conversation.shown == ("home", values.ident(1))  # it stays


def test_the_question_of_the_session_is_decided_in_its_conversation(
    qtbot: QtBot, hub: StillHub, view: SessionsView
) -> None:
    asked = values.approval(1)
    there = picture(values.session(1, state=SessionState.WAITING))
    hub.put(replace(there, approvals={asked.id: Approval(asked)}))
    asking = view.conversation.asking
    assert asking.isVisible()
    assert "make test" in asking.decision.detail.toPlainText()
    qtbot.waitUntil(asking.decision.choices.no.isEnabled)
    hub.asked.clear()
    qtbot.keyClick(asking.decision, Qt.Key.Key_N)
    assert hub.call()[1][1].behavior is Behavior.DENY
    hub.put(replace(there, approvals={asked.id: Approval(asked, "taken", "me")}))
    assert not asking.decision.isVisible()
    assert asking.receipt.text() == "Bash: make test: taken by Claude, by me"
    hub.put(replace(there, approvals={asked.id: Approval(asked, "finished", "me")}))
    assert not asking.isVisible()


def test_escape_leaves_the_new_session_and_keeps_what_was_written(
    qtbot: QtBot, hub: StillHub, view: SessionsView
) -> None:
    hub.put(Picture())
    view.new.open()
    view.new.prompt.setPlainText("half a thought")
    qtbot.keyClick(view.new.name, Qt.Key.Key_Escape)
    assert not view.new.isVisible()
    view.new.open()
    assert view.new.prompt.toPlainText() == "half a thought"


def test_on_a_small_screen_a_long_question_leaves_room_for_the_prompt(
    qtbot: QtBot, hub: StillHub, view: SessionsView
) -> None:
    asked = values.approval(1)
    waiting = values.session(1, state=SessionState.WAITING, approvals=1)
    view.resize(900, 520)
    hub.put(Picture(sessions={waiting.id: waiting}, approvals={asked.id: Approval(asked)}))
    decision = view.conversation.asking.decision
    decision.learn(show(whole(asked, "make\n" * 200)))
    qtbot.waitUntil(lambda: decision.detail.height() <= 180)
    assert view.height() <= 520
    assert view.conversation.prompt.height() >= 50
    wide = view.conversation.width()
    hub.put(Picture(sessions={waiting.id: waiting}))
    qtbot.waitUntil(lambda: not view.conversation.asking.isVisible())
    assert view.conversation.width() == wide  # nothing moves beside it
    hub.put(Picture(sessions={waiting.id: waiting}, approvals={asked.id: Approval(asked)}))
    view.resize(1200, 1100)
    decision.learn(show(whole(asked, "make\n" * 200)))
    qtbot.waitUntil(lambda: decision.detail.height() == 240)
