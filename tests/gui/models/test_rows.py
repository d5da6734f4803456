"""Tables under Qt's own model tester: whatever comes and goes, the view is told the truth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PyQt6.QtCore import QAbstractItemModel, QModelIndex, Qt
from PyQt6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from claude_remote_gui.activity import Entry
from claude_remote_gui.feed.picture import Approval, Picture
from claude_remote_gui.models import activity
from claude_remote_gui.models.activity import ActivityModel
from claude_remote_gui.models.rows import Column, RowsModel
from claude_remote_gui.models.tables import (
    APPROVALS,
    CLIENTS,
    SESSIONS,
    approval_rows,
    client_rows,
    session_rows,
)
from claude_remote_gui.views.parts import sorted_by
from tests.gui import values

FATAL = QAbstractItemModelTester.FailureReportingMode.Fatal


def cells(model: QAbstractItemModel, column: int = 0) -> list[str]:
    return [model.index(row, column).data() for row in range(model.rowCount())]


@given(st.lists(st.dictionaries(st.integers(0, 9), st.sampled_from("abc"), max_size=8), max_size=8))
def test_any_rows_after_any_others(history: list[dict[int, str]]) -> None:
    model: RowsModel[str] = RowsModel((Column("Letter", str),))
    tester = QAbstractItemModelTester(model, FATAL)
    shown: list[str] = []  # what a view believes, from signals alone

    def inserted(_parent: QModelIndex, first: int, last: int) -> None:
        shown[first:first] = [model.row_at(row) for row in range(first, last + 1)]

    def removed(_parent: QModelIndex, first: int, last: int) -> None:
        del shown[first : last + 1]

    def changed(first: QModelIndex, last: QModelIndex) -> None:
        for row in range(first.row(), last.row() + 1):
            shown[row] = model.row_at(row)

    model.rowsInserted.connect(inserted)
    model.rowsRemoved.connect(removed)
    model.dataChanged.connect(changed)
    for rows in history:
        model.update_rows(rows)
        assert shown == cells(model)
        assert sorted(shown) == sorted(rows.values())
        for key, letter in rows.items():
            place = model.place_of(key)
            assert place is not None
            assert model.row_at(place) == letter
    del tester


def test_the_tables_of_two_servers(qtbot: QtBot) -> None:
    asked, settled = values.approval(1), values.approval(2)
    home = Picture(
        sessions={values.ident(1): values.session(1), values.ident(2): values.session(2)},
        clients={"a": values.client(1)},
        approvals={asked.id: Approval(asked), settled.id: Approval(settled, "taken", "bob")},
    )
    pictures = {"home": home, "build": Picture(sessions={values.ident(1): values.session(1, name="other")})}
    for columns, rows in (
        (SESSIONS, session_rows(pictures)),
        (CLIENTS, client_rows(pictures)),
        (APPROVALS, approval_rows(pictures)),
    ):
        model: RowsModel[object] = RowsModel(columns)  # type: ignore[arg-type]
        tester = QAbstractItemModelTester(model, FATAL)
        model.update_rows(rows)
        assert model.rowCount() == len(rows)
        assert all(cells(model, number) for number in range(len(columns)))
        model.refresh()
        model.update_rows({})
        del tester


def test_the_queue_begins_with_who_waits_longest(qtbot: QtBot) -> None:
    infos = [values.approval(number) for number in (3, 1, 2)]
    approvals = {info.id: Approval(info) for info in infos}
    done = values.approval(0)
    approvals[done.id] = Approval(done, "finished", "bob")
    model: RowsModel[object] = RowsModel(APPROVALS)  # type: ignore[arg-type]
    proxy = sorted_by(None)  # type: ignore[arg-type]
    proxy.setSourceModel(model)
    proxy.sort(0, Qt.SortOrder.AscendingOrder)
    model.update_rows(approval_rows({"home": Picture(approvals=approvals)}))
    assert [proxy.index(row, 0).data() for row in range(4)] == ["asks", "asks", "asks", "finished, by bob"]
    order = [proxy.index(row, 0).data(Qt.ItemDataRole.UserRole + 1).approval.info.id for row in range(4)]
    assert order == [values.approval(number).id for number in (1, 2, 3, 0)]


def test_activity_grows_and_drops_its_oldest(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity, "MOST_LINES", 100)
    monkeypatch.setattr(activity, "_DROPPED_AT_ONCE", 20)
    model = ActivityModel()
    tester = QAbstractItemModelTester(model, FATAL)
    for start in range(0, 105, 15):
        model.add([Entry(n, "home", "prompt", "me", "s", str(n)) for n in range(start, start + 15)])
    assert [entry.text for entry in model.lines()] == [str(number) for number in range(20, 105)]
    model.add([Entry(n, "home", "prompt", "me", "s", str(n)) for n in range(300)])
    assert [entry.text for entry in model.lines()] == [str(number) for number in range(200, 300)]
    model.clear()
    assert model.rowCount() == 0
    del tester


def test_nothing_that_a_peer_wrote_is_rich_text(qtbot: QtBot) -> None:
    model: RowsModel[object] = RowsModel(SESSIONS)  # type: ignore[arg-type]
    evil = values.session(1, name="<b>x</b>\nEvil", last_words="<img src='x'>")
    model.update_rows(session_rows({"home": Picture(sessions={evil.id: evil})}))
    assert model.index(0, 1).data() == "<b>x</b> Evil"
    assert "<img" not in model.index(0, 1).data(Qt.ItemDataRole.ToolTipRole)
