"""The window as a whole: counts, servers, first contact, and what it remembers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from PyQt6.QtCore import QSettings
from PyQt6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QTableView,
    QTextEdit,
)
from pytestqt.qtbot import QtBot

from claude_remote import feed
from claude_remote.messages import ClientState
from claude_remote_gui import colours
from claude_remote_gui.activity import Entry
from claude_remote_gui.feed.picture import Approval, Picture
from claude_remote_gui.net import standing as st
from claude_remote_gui.net.server import Server
from claude_remote_gui.views.tray import Action
from claude_remote_gui.views.window import Window
from tests.gui import values
from tests.gui.views.still import StillHub


@pytest.fixture
def settings(tmp_path: Path) -> QSettings:
    return QSettings(str(tmp_path / "gui.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def window(qtbot: QtBot, hub: StillHub, settings: QSettings) -> Window:
    window = Window(hub, settings)
    qtbot.addWidget(window)
    window.show()
    return window


def test_what_waits_is_counted_in_tabs_and_title(hub: StillHub, window: Window) -> None:
    asked = values.approval(1)
    rings = values.client(1, state=ClientState.PENDING, rights=())
    hub.put(Picture(approvals={asked.id: Approval(asked)}, clients={rings.fingerprint: rings}))
    assert window.tabs.tabText(1) == "Approvals (1)"
    assert window.tabs.tabText(3) == "Clients (1 waiting)"
    assert window.windowTitle().startswith("(2)")
    hub.put(Picture())
    assert window.windowTitle().startswith("claude-remote")


def test_somebody_at_the_bell_raises_the_list_and_no_modal_window(hub: StillHub, window: Window) -> None:
    rings = values.client(1, state=ClientState.PENDING, rights=())
    hub.put(Picture(clients={rings.fingerprint: rings}))
    assert window.tabs.currentWidget() is window.clients
    window.tabs.setCurrentIndex(0)
    hub.put(Picture(clients={rings.fingerprint: rings}))
    assert window.tabs.currentIndex() == 0  # it came once


def test_each_server_says_how_it_stands(hub: StillHub, window: Window) -> None:
    hub.put(Picture(), server="home")
    hub.stand(st.Reconnecting("home refuses", 0.0), server="home")
    hub.stand(st.Unknown("build:7433", "SHA256:" + "A" * 43), server="build")
    hub.stand(st.Impostor("home: somebody else answers\n  trusted: SHA256:x"), server="attic")
    lines = window.servers.lines
    assert "home refuses" in lines["home"].words.text()
    assert not lines["home"].retry.isHidden()
    assert "SHA256:" + "A" * 43 in lines["build"].words.text()
    assert not lines["build"].trust.isHidden()
    assert lines["attic"].trust.isHidden()
    lines["attic"].remove.click()
    assert "attic" not in lines


def test_activity_is_filtered_paused_and_saved(qtbot: QtBot, window: Window, tmp_path: Path) -> None:
    view = window.activity
    view.add(
        [
            Entry(1.0, "home", "prompt", "mia", "s", "first\tone"),
            Entry(2.0, "home", "client", "sam", "", "two"),
        ]
    )
    view.kind.setCurrentText("client")
    model = view.table.model()
    assert model is not None
    assert [model.index(row, 5).data() for row in range(model.rowCount())] == ["two"]
    view.kind.setCurrentIndex(0)
    view.pause.setChecked(True)
    view.add([Entry(3.0, "home", "worker", "", "", "three")])
    assert model.rowCount() == 2
    assert view.said.text() == "Paused: 1 line since"
    view.pause.setChecked(False)
    assert model.rowCount() == 3
    view.filter.setText("mia")
    view.save(tmp_path / "activity.tsv")
    assert (tmp_path / "activity.tsv").read_text() == (
        "1970-01-01T00:00:01.000+00:00\thome\tmia\ts\tprompt\tfirst one\n"
    )


def test_it_remembers_its_tab_and_columns(
    qtbot: QtBot, hub: StillHub, window: Window, settings: QSettings
) -> None:
    header = window.sessions.table.horizontalHeader()
    assert header is not None
    header.resizeSection(1, 333)
    window.tabs.setCurrentIndex(3)
    window.close()
    again = Window(StillHub(hub.paths), settings)
    qtbot.addWidget(again)
    assert again.tabs.currentIndex() == 3
    columns = again.sessions.table.horizontalHeader()
    assert columns is not None
    assert columns.sectionSize(1) == 333


def test_everything_that_can_be_used_has_a_name(window: Window) -> None:
    qts_own = {"QLineEditIconButton", "QTableCornerButton", "CloseButton"}
    nameless = [
        each
        for kind in (QAbstractButton, QComboBox, QLineEdit, QTableView, QTextEdit, QPlainTextEdit)
        for each in window.findChildren(kind)
        if not each.accessibleName()
        and not (isinstance(each, QAbstractButton) and each.text())
        and not each.objectName().startswith(("qt_", "Scroll"))
        and each.metaObject().className() not in qts_own  # type: ignore[union-attr]
    ]
    assert nameless == []


def test_no_label_reads_rich_text(hub: StillHub, window: Window) -> None:
    from PyQt6.QtCore import Qt

    rings = values.client(1, name="<b>x</b>", host="<img src=x>", state=ClientState.PENDING, rights=())
    hub.put(Picture(clients={rings.fingerprint: rings}))
    shown = [label for label in window.findChildren(QLabel) if "<" in label.text()]
    assert any("<img src=x>" in label.text() for label in shown)
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in shown)


def test_news_become_activity(qtbot: QtBot, hub: StillHub, window: Window) -> None:
    hub.put(Picture(sessions={values.ident(1): values.session(1)}))
    from claude_remote_gui.feed.reducer import News
    from claude_remote_gui.net.posts import Moved

    said = News(feed.Said(session=values.ident(1), text="Done."), 5.0)
    hub._mailbox.post(Moved("home", hub.states["home"], (said,)))
    hub.deliver()
    assert [entry.text for entry in window.activity.model.lines()] == ["Done."]
    assert window.activity.model.row_at(0).session == "session-1"


class Desktop:
    """Writes down what it is told."""

    there = True

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str, Sequence[Action]]] = []
        self.withdrawn: list[str] = []

    def tell(self, key: str, title: str, text: str, actions: Sequence[Action]) -> None:
        self.told.append((key, title, text, actions))

    def withdraw(self, key: str) -> None:
        self.withdrawn.append(key)


@pytest.fixture
def desktop(window: Window, monkeypatch: pytest.MonkeyPatch) -> Desktop:
    desktop = Desktop()
    window.notices.desktop = desktop  # type: ignore[assignment]
    monkeypatch.setattr(window, "isActiveWindow", lambda: False)
    return desktop


def test_who_looks_elsewhere_is_told_and_can_deny(hub: StillHub, window: Window, desktop: Desktop) -> None:
    asked = values.approval(1, summary="rm <b>-rf</b>\u202e")
    hub.put(Picture(approvals={asked.id: Approval(asked)}))
    ((key, title, text, actions),) = desktop.told
    assert (key, title) == (asked.id, "Claude asks in session-1")
    assert text == "Bash: rm <b>-rf</b>\\u{202e}"
    show, deny = actions
    show[1]()
    assert window.tabs.currentWidget() is window.approvals
    deny[1]()
    assert hub.call() == ("deny", (asked.id,), {})
    hub.put(Picture(approvals={asked.id: Approval(asked, "decided")}))
    assert desktop.withdrawn == [asked.id]


def test_many_questions_are_one_notification(hub: StillHub, window: Window, desktop: Desktop) -> None:
    rows = [values.approval(number) for number in range(1, 8)]
    hub.put(Picture(approvals={each.id: Approval(each) for each in rows}))
    assert [title for _, title, _, _ in desktop.told] == ["7 questions wait"]


def test_who_looks_at_it_is_not_told(
    hub: StillHub, window: Window, desktop: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window, "isActiveWindow", lambda: True)
    asked = values.approval(1)
    hub.put(Picture(approvals={asked.id: Approval(asked)}))
    assert not desktop.told


def test_the_menu_of_the_tray_counts(hub: StillHub, window: Window) -> None:
    asked = values.approval(1)
    hub.put(Picture(approvals={asked.id: Approval(asked)}))
    assert window.tray.approvals.text() == "Approvals (1)"
    window.tray.approvals.trigger()
    assert window.tabs.currentWidget() is window.approvals


def test_where_somebody_waits_the_tab_is_coloured(hub: StillHub, window: Window) -> None:
    bar = window.tabs.tabBar()
    assert bar is not None
    usual = bar.tabTextColor(1)
    asked = values.approval(1)
    hub.put(Picture(approvals={asked.id: Approval(asked)}))
    assert bar.tabTextColor(1) == colours.now().warning
    hub.put(Picture())
    assert bar.tabTextColor(1) == usual


def test_a_small_screen_is_filled(window: Window) -> None:
    screen = window.screen()
    assert screen is not None
    assert window.isMaximized() == (screen.availableGeometry().width() <= 1366)


def test_servers_that_were_added_are_there_the_next_time(
    qtbot: QtBot, hub: StillHub, window: Window, settings: QSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Server, "start", lambda _self: None)
    hub.put(Picture())
    for which in ("build", "attic", "build"):
        window.address.setText(which)
        window.address.returnPressed.emit()
    assert "in this window already" in window.statusBar().currentMessage()  # type: ignore[union-attr]
    assert window.memory.servers == ["build", "attic"]
    window.servers.lines["attic"].remove.click()
    window.close()
    again = Window(StillHub(hub.paths), settings)
    qtbot.addWidget(again)
    assert again.memory.servers == ["build"]


def test_a_server_that_answers_can_be_removed_beside_others(hub: StillHub, window: Window) -> None:
    hub.put(Picture())
    assert window.servers.lines["home"].remove.isHidden()
    hub.put(Picture(), server="build")
    window.servers.refresh()
    assert not window.servers.lines["home"].remove.isHidden()
