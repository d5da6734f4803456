"""Small parts that the views share. Words of others are plain text everywhere."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QModelIndex, QSortFilterProxyModel, Qt
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from claude_remote_gui.models.rows import SORT_ROLE
from claude_remote_gui.text.harmless import harmless

_ROW_PADDING = 8


def label(text: str = "", *, wraps: bool = False, bold: bool = False) -> QLabel:
    """Words that are never rich text and that can be selected."""
    made = QLabel()
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    made.setWordWrap(wraps)
    if bold:
        font = made.font()
        font.setBold(True)
        made.setFont(font)
    made.setText("\n".join(harmless(line) for line in text.split("\n")))
    return made


def say(where: QLabel, text: str) -> None:
    """Put words of others into a label, harmless; an empty label takes no room."""
    where.setText("\n".join(harmless(line) for line in text.split("\n")))
    where.setVisible(bool(text))


def button(text: str, does: Callable[[], object], tip: str = "") -> QPushButton:
    """A button whose `&X` is its key."""
    made = QPushButton(text)
    made.clicked.connect(lambda _checked=False: does())
    made.setToolTip(tip)
    made.setAccessibleName(text.replace("&", ""))
    made.setAutoDefault(False)
    return made


def row(*widgets: QWidget | None) -> QHBoxLayout:
    """Widgets beside each other; None is the room that is left."""
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        if widget is None:
            layout.addStretch(1)
        else:
            layout.addWidget(widget)
    return layout


def filter_box(proxy: QSortFilterProxyModel, what: str) -> QLineEdit:
    """A line that filters a table by what any of its cells says."""
    box = QLineEdit()
    box.setPlaceholderText(f"Filter {what}")
    box.setAccessibleName(f"Filter {what}")
    box.setClearButtonEnabled(True)
    proxy.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
    proxy.setFilterKeyColumn(-1)
    box.textChanged.connect(proxy.setFilterFixedString)
    return box


def sorted_by(model_parent: QWidget) -> QSortFilterProxyModel:
    """A proxy that sorts by SORT_ROLE."""
    proxy = QSortFilterProxyModel(model_parent)
    proxy.setSortRole(SORT_ROLE)
    proxy.setDynamicSortFilter(True)
    return proxy


def table(
    proxy: QSortFilterProxyModel, name: str, widths: tuple[int, ...], *, sorts: bool = True
) -> QTableView:
    """A table of rows, one selected at a time, of a fixed height: measuring each row stops the window."""
    view = QTableView()
    view.setModel(proxy)
    view.setObjectName(name)
    view.setAccessibleName(name)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setAlternatingRowColors(True)
    view.setShowGrid(False)
    view.setWordWrap(False)
    view.setTabKeyNavigation(False)
    view.setSortingEnabled(sorts)
    rows, columns = view.verticalHeader(), view.horizontalHeader()
    if rows is not None:
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(view.fontMetrics().height() + _ROW_PADDING)
    if columns is not None:
        columns.setStretchLastSection(True)
        columns.setSectionsMovable(True)
        columns.setHighlightSections(False)
        columns.setMinimumSectionSize(30)
        for section, width in enumerate(widths):
            columns.resizeSection(section, width)
    return view


def selected(view: QTableView, role: int) -> object:
    """What the selected row is, by a role of its model; None when none is selected."""
    selection = view.selectionModel()
    indexes: list[QModelIndex] = [] if selection is None else selection.selectedRows()
    return indexes[0].data(role) if indexes else None


class _ElidedLeft(QStyledItemDelegate):
    def initStyleOption(self, option: QStyleOptionViewItem | None, index: QModelIndex) -> None:
        super().initStyleOption(option, index)
        if option is not None:
            option.textElideMode = Qt.TextElideMode.ElideLeft


def elide_left(view: QTableView, column: int) -> None:
    """Of what does not fit into this column the end is shown, as with paths."""
    view.setItemDelegateForColumn(column, _ElidedLeft(view))


def key_of(event: QKeyEvent) -> str:
    """The letter of a key that was pressed alone, in upper case; empty for any other."""
    if event.modifiers() or event.isAutoRepeat():
        return ""
    key = event.key()
    return chr(key) if Qt.Key.Key_A <= key <= Qt.Key.Key_Z else ""
