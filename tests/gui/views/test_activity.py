"""The activity: filtered by who, where and what, searched, and consistent for Qt whatever happens."""

from __future__ import annotations

import pytest
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from claude_remote_gui.activity import Entry, Kind
from claude_remote_gui.models import activity as module
from claude_remote_gui.views.activity import ActivityView
from tests.gui.views.still import StillHub


@pytest.fixture
def view(qtbot: QtBot, hub: StillHub) -> ActivityView:
    view = ActivityView(hub)
    qtbot.addWidget(view)
    view.show()
    return view


def entry(number: int, client: str, session: str, kind: Kind = "prompt", text: str = "runs") -> Entry:
    return Entry(1_000.0 + number, "home", kind, client, session, text)


ENTRIES = [
    entry(1, "mia", "fix"),
    entry(2, "sam", "docs"),
    entry(3, "mia", "docs", "answer", "Done: <b>all</b>."),
    entry(4, "sam", "fix", "approval", "Bash: make"),
]


def shown(view: ActivityView) -> list[str]:
    model = view.table.model()
    assert model is not None
    return [f"{model.index(row, 2).data()} {model.index(row, 3).data()}" for row in range(model.rowCount())]


def test_by_client_session_and_kind(view: ActivityView) -> None:
    view.add(ENTRIES)
    view.client.setCurrentText("mia")
    assert shown(view) == ["mia fix", "mia docs"]
    view.session.setCurrentText("docs")
    assert shown(view) == ["mia docs"]
    view.client.setCurrentIndex(0)
    view.kind.setCurrentText("answer")
    assert shown(view) == ["mia docs"]
    view.kind.setCurrentIndex(0)
    view.session.setCurrentIndex(0)
    view.filter.setText("MAKE")
    assert shown(view) == ["sam fix"]


def test_finding_goes_up_and_round(view: ActivityView) -> None:
    view.add(ENTRIES)
    selection = view.table.selectionModel()
    assert selection is not None
    view.finder.setText("docs")
    found = []
    for _ in range(3):
        view.finder.returnPressed.emit()
        found.append(selection.selectedRows()[0].row())
    assert found == [2, 1, 2]
    view.finder.setText("nowhere")
    view.finder.returnPressed.emit()
    assert view.said.text() == "Nothing says 'nowhere'."


def test_paused_nothing_moves_and_nothing_is_lost(view: ActivityView) -> None:
    view.add(ENTRIES[:1])
    view.pause.click()
    view.add(ENTRIES[1:])
    assert len(shown(view)) == 1
    assert view.said.text() == "Paused: 3 lines since"
    view.pause.click()
    assert len(shown(view)) == 4


def test_qt_agrees_while_old_lines_go(
    view: ActivityView, qtmodeltester: ModelTester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_LINES", 50)
    monkeypatch.setattr(module, "_DROPPED_AT_ONCE", 10)
    model = view.table.model()
    assert model is not None
    qtmodeltester.check(model)
    for number in range(40):
        view.add([entry(number, "mia", "fix"), entry(number, "sam", "docs")])
        view.client.setCurrentText(("mia", "sam")[number % 2])
    assert view.model.rowCount() <= 50
    assert set(shown(view)) == {"sam docs"}
