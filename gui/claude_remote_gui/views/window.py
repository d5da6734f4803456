"""The main window."""

from __future__ import annotations

from typing import TypeAlias

from PyQt6.QtCore import QSettings, Qt, QTimer
from PyQt6.QtGui import QCloseEvent, QColor, QKeySequence, QShortcut
from PyQt6.QtWidgets import (
    QApplication,
    QLineEdit,
    QMainWindow,
    QPlainTextEdit,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from claude_remote.errors import BadOption
from claude_remote_gui import colours
from claude_remote_gui.hub import Hub
from claude_remote_gui.text.harmless import harmless
from claude_remote_gui.views.activity import ActivityView
from claude_remote_gui.views.approvals import ApprovalsView
from claude_remote_gui.views.clients import ClientsView
from claude_remote_gui.views.memory import Memory
from claude_remote_gui.views.notices import Notices
from claude_remote_gui.views.parts import button, row
from claude_remote_gui.views.rules import RulesView
from claude_remote_gui.views.servers import ServersBar
from claude_remote_gui.views.sessions import SessionsView
from claude_remote_gui.views.tray import Tray, icon

_READ_IN = 10_000  # ms
TRAY_EVERY = 5_000  # ms
TITLES = ("Sessions", "Approvals", "Rules", "Clients", "Activity")


View: TypeAlias = SessionsView | ApprovalsView | RulesView | ClientsView | ActivityView


class Window(QMainWindow):
    """Everything; `settings` keeps where it was and how its columns stood."""

    def __init__(self, hub: Hub, settings: QSettings) -> None:
        super().__init__()
        self._hub = hub
        self.waiting = self.contacts = 0
        self.setWindowTitle("claude-remote")
        self.setWindowIcon(icon())
        self.servers = ServersBar(hub)
        self.address = QLineEdit()
        self.address.setPlaceholderText("Another server: name or address")
        self.address.setAccessibleName("Another server")
        self.address.setMinimumWidth(230)
        self.address.returnPressed.connect(self._add)
        self.sessions = SessionsView(hub)
        self.approvals = ApprovalsView(hub)
        self.rules = RulesView(hub)
        self.clients = ClientsView(hub)
        self.activity = ActivityView(hub)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for title, view in zip(TITLES, self.views, strict=True):
            self.tabs.addTab(view, title)
        self.memory = Memory(settings, self, self.tabs)
        for number, view in enumerate(self.views):
            keys = QKeySequence(f"Ctrl+{number + 1}")
            QShortcut(keys, self, lambda view=view: self._go(view))
        QShortcut(QKeySequence.StandardKey.Quit, self, self.leave)
        self._lay_out()
        self.tray = Tray(
            self.show_up,
            lambda: self._show_view(self.approvals),
            lambda: self._show_view(self.clients),
            self.leave,
            self,
        )
        self.tray.stays.setChecked(self.memory.stays)
        self._leaving = False
        # Nobody could bring it back if the tray went while it is closed.
        self._watch = QTimer(self)
        self._watch.setInterval(TRAY_EVERY)
        self._watch.timeout.connect(self._look_for_tray)
        self.notices = Notices(hub, self, self.tray, self._show_approval)
        for decision in (self.approvals.decision, self.sessions.conversation.asking.decision):
            decision.told.connect(self._say)
        self.approvals.appeared.connect(self.notices.asked)
        self.approvals.settled.connect(self.notices.settled)
        self.approvals.counted.connect(self._count_approvals)
        self.clients.contacts.connect(self._count_contacts)
        self.clients.rang.connect(self._rang)
        hub.stood.connect(self._forget_removed)
        self.memory.restore()
        self.approvals.refresh()
        self.clients.refresh()

    @property
    def views(self) -> tuple[View, ...]:
        """In the order of their tabs."""
        return (self.sessions, self.approvals, self.rules, self.clients, self.activity)

    def show_up(self) -> None:
        """In front of the others."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    def add(self, which: str) -> None:
        """Connect to a server that is here the next time, too. Raises BadOption when it is here already."""
        self._hub.add(which)
        self.memory.servers = [*self.memory.servers, which]

    def leave(self) -> None:
        """End the program, whether it could live on in the tray or not."""
        self._leaving = True
        self.close()

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Go into the tray, where there is one; else, or when leaving, remember how it was and hang up."""
        self.memory.save(stays=self.tray.stays.isChecked())
        if self._may_stay() and event is not None:
            event.ignore()
            self.hide()
            self._watch.start()
            if self.memory.first_time("stays"):
                words = "Questions are announced here. Quit in the menu of the tray, or Ctrl+Q, ends it."
                self.notices.tell("stays", "claude-remote goes on", words, [("Show", self.show_up)])
            return
        self._hub.close()
        super().closeEvent(event)
        QApplication.quit()

    # --- inside ------------------------------------------------------------------------------------------

    def _forget_removed(self, name: str) -> None:
        if name not in self._hub.servers and name in self.memory.servers:
            self.memory.servers = [each for each in self.memory.servers if each != name]

    def _lay_out(self) -> None:
        corner = QWidget()
        beside = row(self.address, button("Add", self._add))
        beside.setContentsMargins(0, 0, 10, 2)
        corner.setLayout(beside)
        self.tabs.setCornerWidget(corner)
        centre = QWidget()
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.servers)
        layout.addWidget(self.tabs, 1)
        self.setCentralWidget(centre)

    def _may_stay(self) -> bool:
        program = QApplication.instance()
        ends = isinstance(program, QApplication) and program.isSavingSession()
        return not self._leaving and not ends and self.tray.stays.isChecked() and self.tray.there

    def _look_for_tray(self) -> None:
        if self.isVisible():
            self._watch.stop()
        elif not self.tray.there:
            self.show_up()

    def _show_view(self, view: View) -> None:
        self.show_up()
        self._go(view)

    def _show_approval(self, server: str, approval: str) -> None:
        self._show_view(self.approvals)
        self.approvals.open(server, approval)

    def _go(self, view: View) -> None:
        self.tabs.setCurrentWidget(view)
        view.table.setFocus()

    def _add(self) -> None:
        which = self.address.text().strip()
        if not which:
            return
        try:
            self.add(which)
        except BadOption as error:
            self._say(error.message)
        else:
            self.address.clear()

    def _count_approvals(self, number: int) -> None:
        self.waiting = number
        self._name(self.approvals, f"Approvals ({number})" if number else "Approvals", calls=number > 0)
        self._count()

    def _count_contacts(self, number: int) -> None:
        self.contacts = number
        self._name(self.clients, f"Clients ({number} waiting)" if number else "Clients", calls=number > 0)
        self._count()

    def _say(self, words: str) -> None:
        self.statusBar().showMessage(harmless(words), _READ_IN)  # type: ignore[union-attr]

    def _name(self, view: View, title: str, *, calls: bool) -> None:
        """`calls`: somebody waits there."""
        place, bar = self.tabs.indexOf(view), self.tabs.tabBar()
        self.tabs.setTabText(place, title)
        if bar is not None:
            bar.setTabTextColor(place, colours.now().warning if calls else QColor())

    def _count(self) -> None:
        number = self.waiting + self.contacts
        self.tray.count(self.waiting, self.contacts)
        self.setWindowTitle(f"({number}) claude-remote" if number else "claude-remote")

    def _rang(self, words: str) -> None:
        """Somebody is at the bell: the window comes up, unless somebody writes in it just now."""
        self.notices.tell(
            "bell", "Somebody asks to be let in", words, [("Show", lambda: self._show_view(self.clients))]
        )
        writes = isinstance(QApplication.focusWidget(), (QLineEdit, QPlainTextEdit)) and self.isActiveWindow()
        if not writes:
            self.tabs.setCurrentWidget(self.clients)
            self.show_up()
