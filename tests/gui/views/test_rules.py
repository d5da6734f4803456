"""The standing rules of all servers, and withdrawing one."""

from __future__ import annotations

import time

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from claude_remote.errors import Unreachable
from claude_remote.messages import RuleInfo, Scope
from claude_remote.rights import WATCH
from claude_remote_gui.feed.picture import Picture
from claude_remote_gui.views.rules import RulesView
from tests.gui import values
from tests.gui.views.still import StillHub

NOW = time.time()


def rule(number: int = 1, **fields: object) -> RuleInfo:
    given: dict[str, object] = {
        "id": values.ident(number),
        "rule": "Bash(pytest *)",
        "scope": Scope.SESSION,
        "session_name": "fix",
        "by": "me@laptop",
        "created": NOW - number,
        "expires": NOW + 2.2 * 86_400,
        "used": 4,
        "last_used": NOW,
    }
    return RuleInfo(**(given | fields))  # type: ignore[arg-type]


def cells(view: RulesView, place: int = 0) -> list[str]:
    shown = view.table.model()
    assert shown is not None
    return [shown.index(place, column).data() for column in range(shown.columnCount())]


@pytest.fixture
def view(qtbot: QtBot, hub: StillHub) -> RulesView:
    view = RulesView(hub)
    qtbot.addWidget(view)
    view.tester = QAbstractItemModelTester(  # type: ignore[attr-defined]
        view.model, QAbstractItemModelTester.FailureReportingMode.Fatal
    )
    return view


def test_who_made_which_rule_where_it_holds_and_how_long(hub: StillHub, view: RulesView) -> None:
    hub.put(Picture())
    assert not hub.asked  # nobody looks
    view.show()
    assert hub.call() == ("rules", (), {})
    hub.answer([rule(1), rule(2, rule="Edit", scope=Scope.EVERYWHERE, expires=None, used=0, last_used=None)])
    told = cells(view)
    assert told[:3] == ["Bash(pytest *)", "commands that begin with `pytest`", "in session fix"]
    assert told[3] == "in 2 days"
    assert (told[4], told[6], told[8]) == ("4", "me@laptop", "home")
    assert cells(view, 1)[:6] == ["Edit", "every use of Edit", "everywhere", "never", "", ""]


def test_who_has_not_answered_is_not_asked_again(hub: StillHub, view: RulesView) -> None:
    hub.put(Picture())
    view.show()
    view.ask()
    assert len(hub.asked) == 1
    hub.answer([])
    view.ask()
    assert len(hub.asked) == 1


def test_a_rule_is_withdrawn_by_its_key(qtbot: QtBot, hub: StillHub, view: RulesView) -> None:
    hub.put(Picture())
    view.show()
    hub.answer([rule(1), rule(2)])
    assert not view.remove.isEnabled()
    view.table.selectRow(0)
    view.table.setFocus()
    qtbot.keyClick(view.table, Qt.Key.Key_Delete)
    assert hub.call() == ("remove_rule", (values.ident(1),), {})
    hub.answer(error=Unreachable("home does not answer"))
    assert "was not withdrawn: home does not answer" in view.said.text()
    assert view.model.rowCount() == 2
    view.remove.click()
    hub.answer(rule(1))
    assert view.model.rowCount() == 1
    assert "Withdrawn; Claude asks again: commands that begin with `pytest`." in view.said.text()


def test_who_may_not_decide_withdraws_nothing(hub: StillHub, view: RulesView) -> None:
    hub.put(Picture(), rights=WATCH)
    view.show()
    hub.answer([rule(1)])
    view.table.selectRow(0)
    assert not view.remove.isEnabled()


def test_servers_stand_beside_each_other(hub: StillHub, view: RulesView) -> None:
    hub.put(Picture(), server="home")
    hub.put(Picture(), server="build")
    view.show()
    hub.answer(error=Unreachable("build does not answer"))
    hub.answer([rule(1)])
    assert view.model.rowCount() == 1
    assert "build does not answer" in view.said.text()
    hub.remove("home")
    assert view.model.rowCount() == 0


def test_what_has_ended_is_gone(hub: StillHub, view: RulesView) -> None:
    hub.put(Picture())
    view.show()
    hub.answer([rule(1, expires=NOW - 1)])
    assert view.model.rowCount() == 0


def test_words_of_others_stay_words(hub: StillHub, view: RulesView) -> None:
    hub.put(Picture())
    view.show()
    hub.answer([rule(1, rule="<b>All</b>", by="<i>you</i>\nand me", scope=Scope.FOLDER, folder="/<u>x</u>")])
    assert cells(view)[2] == "in /<u>x</u>"
    assert cells(view)[6] == "<i>you</i> and me"
    assert "<b>" not in view.model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
