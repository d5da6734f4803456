"""The clients that the servers know: their rights, what they do, and the way to cut one off."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from claude_remote.client.client import Client
from claude_remote.errors import RemoteError
from claude_remote.messages import ChangeRights, ClientState
from claude_remote.rights import Right
from claude_remote_gui.hub import Hub
from claude_remote_gui.models.rows import ROW_ROLE, RowsModel
from claude_remote_gui.models.tables import CLIENTS, ClientRow, client_rows
from claude_remote_gui.views.first_contact import FirstContacts
from claude_remote_gui.views.parts import button, filter_box, label, row, say, selected, sorted_by, table
from claude_remote_gui.views.rights_picker import RightsPicker, RootsPicker
from claude_remote_gui.views.strip import Strip


class ClientsView(QWidget):
    """First contacts above, everybody below."""

    contacts = pyqtSignal(int)  # how many wait
    rang = pyqtSignal(str)  # somebody new waits: in words

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self._hub = hub
        self.first = FirstContacts(hub)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidget(self.first)
        self.model: RowsModel[ClientRow] = RowsModel(CLIENTS, self)
        proxy = sorted_by(self)
        proxy.setSourceModel(self.model)
        self.filter = filter_box(proxy, "clients")
        self.table = table(proxy, "Clients", (160, 85, 130, 150, 95, 160, 95, 130, 150))
        self.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.rights = RightsPicker()
        self.roots = RootsPicker("folders: all of them")
        self.change = button("Give these rights", self._change)
        self.revoke = button("Revoke …", self._ask, "Cut this client off, at once")
        self.strip = Strip()
        self._chosen: ClientRow | None = None
        self.said = label(wraps=True)
        layout = QVBoxLayout(self)
        layout.addWidget(self._scroll)
        layout.addWidget(self.filter)
        layout.addWidget(self.table, 1)
        layout.addLayout(row(self.rights, self.roots, self.change, self.revoke))
        layout.addWidget(self.rights.warning)
        layout.addWidget(self.strip)
        layout.addWidget(self.said)
        say(self.said, "")
        selection = self.table.selectionModel()
        if selection is not None:
            selection.selectionChanged.connect(lambda _new, _old: self._select())
        hub.moved.connect(self.refresh)
        hub.stood.connect(lambda _name: self.refresh())
        self.refresh()

    def refresh(self) -> None:
        """Show them as they are now."""
        for info in self.first.refresh():
            self.rang.emit(f"{info.user}@{info.host} ({info.address}) asks to be let in: {info.words}")
        waiting = len(self.first.cards)
        self._scroll.setVisible(waiting > 0)
        self._scroll.setMinimumHeight(min(330, 195 * waiting))
        self.model.update_rows(client_rows(self._hub.pictures))
        self.contacts.emit(waiting)
        self._enable()

    def _select(self) -> None:
        found = selected(self.table, ROW_ROLE)
        self._chosen = found if isinstance(found, ClientRow) else None
        self.strip.close_again()
        say(self.said, "")
        if self._chosen is not None:
            self.rights.put(self._chosen.info.rights)
            self.roots.put(self._chosen.info.roots)
        self._enable()

    def _enable(self) -> None:
        row = self._chosen
        may = row is not None and self._hub.may(row.server, Right.ADMIN)
        known = row is not None and row.info.state is ClientState.APPROVED
        pending = row is not None and row.info.state is ClientState.PENDING
        for each in (self.rights, self.roots, self.change):
            each.setEnabled(may and not pending)  # who waits has a card above
        self.rights.warning.setEnabled(may and not pending)
        self.change.setText("Give these rights" if known or row is None else "Approve again")
        self.revoke.setEnabled(may and known)
        why = (
            "" if may or row is None else f"To change clients of {row.server} you need the right admin there."
        )
        for each in (self.change, self.revoke):
            each.setToolTip(why or ("Cut this client off, at once" if each is self.revoke else ""))

    def _change(self) -> None:
        row = self._chosen
        if row is None:
            return
        which, rights, roots = row.info.fingerprint, self.rights.ordered(), self.roots.roots()
        if row.info.state is ClientState.APPROVED:
            change = ChangeRights(which=which, rights=tuple(rights), roots=roots)
            self._ask_server(row, lambda client: client.change_rights(change), "has these rights now")
        else:
            self._ask_server(
                row,
                lambda client: client.approve(which, rights=rights, roots=roots or None),
                "is approved again",
            )

    def _ask(self) -> None:
        row = self._chosen
        if row is not None:
            self.strip.sure(
                f"Revoke {row.info.name}? Its connections end at once, its queued prompts go.",
                "Revoke it",
                "Keep it",
                lambda: self._revoke(row),
            )

    def _revoke(self, row: ClientRow) -> None:
        which = row.info.fingerprint
        self._ask_server(row, lambda client: client.revoke(which), "is revoked")

    def _ask_server(self, row: ClientRow, request: Callable[[Client], object], done: str) -> None:
        def then(_result: object, error: RemoteError | None) -> None:
            say(self.said, f"{row.info.name} {done}." if error is None else error.message)

        self._hub.ask(row.server, request, then)
