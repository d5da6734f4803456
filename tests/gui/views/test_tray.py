"""The window and the tray: closing goes into it, where there is one, and nothing is lost when it goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PyQt6.QtCore import QSettings
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from claude_remote_gui.feed.picture import Approval, Picture
from claude_remote_gui.views import window as module
from claude_remote_gui.views.tray import Tray, icon
from claude_remote_gui.views.window import Window
from tests.gui import values
from tests.gui.views.still import StillHub


class Desk:
    """Whether this desktop has a tray, what was told there, and whether the program was ended."""

    def __init__(self) -> None:
        self.tray = True
        self.told: list[str] = []
        self.quits = 0


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk()
    monkeypatch.setattr(Tray, "there", property(lambda _self: desk.tray))

    def tell(_self: Tray, title: str, _text: str, _clicked: Callable[[], object]) -> None:
        desk.told.append(title)

    def quits() -> None:
        desk.quits += 1

    monkeypatch.setattr(Tray, "tell", tell)
    monkeypatch.setattr(QApplication, "quit", quits)
    monkeypatch.setattr(module, "TRAY_EVERY", 10)
    return desk


@pytest.fixture
def window(qtbot: QtBot, hub: StillHub, desk: Desk, tmp_path: Path) -> Window:
    window = Window(hub, QSettings(str(tmp_path / "gui.ini"), QSettings.Format.IniFormat))
    window.show()
    return window


def test_closing_goes_into_the_tray_and_says_so_once(window: Window, desk: Desk) -> None:
    for _ in range(2):
        window.close()
        assert not window.isVisible()
        window.show_up()
        assert window.isVisible()
    assert desk.told == ["claude-remote goes on"]
    assert desk.quits == 0
    window.leave()
    assert desk.quits == 1


def test_without_a_tray_closing_ends_it(window: Window, desk: Desk) -> None:
    desk.tray = False
    window.close()
    assert desk.quits == 1


def test_who_does_not_want_that_says_so_in_the_menu(
    qtbot: QtBot, hub: StillHub, window: Window, desk: Desk
) -> None:
    window.tray.stays.setChecked(False)
    window.close()
    assert desk.quits == 1
    again = Window(StillHub(hub.paths), window.memory._settings)
    assert not again.tray.stays.isChecked()  # it is remembered
    again.leave()


def test_when_the_tray_goes_the_window_comes_back(qtbot: QtBot, window: Window, desk: Desk) -> None:
    window.close()
    desk.tray = False
    qtbot.waitUntil(window.isVisible)
    window.close()
    assert desk.quits == 1


def test_who_is_in_the_tray_is_told_of_questions(hub: StillHub, window: Window, desk: Desk) -> None:
    window.notices.desktop = None
    window.close()
    asked = values.approval(1)
    hub.put(Picture(approvals={asked.id: Approval(asked)}))
    assert desk.told[-1] == "Claude asks in session-1"
    window.leave()


def test_the_number_is_in_the_icon(qtbot: QtBot) -> None:
    pictures = [icon(number).pixmap(24).toImage() for number in (0, 1, 2, 10, 99)]
    distinct = [picture for place, picture in enumerate(pictures) if picture not in pictures[:place]]
    assert len(distinct) == 4  # many are many
