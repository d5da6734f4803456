"""Who waits at the bell: each in a card of its own, none of them in anybody's way."""

from __future__ import annotations

from PyQt6.QtWidgets import QFrame, QLineEdit, QVBoxLayout, QWidget

from claude_remote.errors import RemoteError
from claude_remote.messages import ClientInfo, ClientState
from claude_remote.rights import Right
from claude_remote_gui.hub import Hub
from claude_remote_gui.views.parts import button, label, row, say
from claude_remote_gui.views.rights_picker import RightsPicker, RootsPicker


class Card(QFrame):
    """One client that waits."""

    def __init__(self, hub: Hub, server: str, info: ClientInfo) -> None:
        super().__init__()
        self._hub, self._server, self._info = hub, server, info
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAccessibleName(f"{info.name} asks to be let in")
        self.rights = RightsPicker()
        self.roots = RootsPicker("folders: the home of the server's user")
        self.name = QLineEdit(info.name)
        self.name.setMaxLength(64)
        self.name.setAccessibleName("Name for this client")
        self.name.setMaximumWidth(220)
        self.said = label(wraps=True)
        self.said.hide()
        self.approve = button("Approve", self._approve)
        self.refuse = button("Refuse", self._refuse)
        layout = QVBoxLayout(self)
        who = f"{info.user}@{info.host}" if info.user else info.host
        layout.addWidget(
            label(f"{who} asks {server} to be let in, from {info.address}", bold=True, wraps=True)
        )
        layout.addWidget(label(f"Words: {info.words}\n{info.fingerprint}", wraps=True))
        layout.addWidget(label("Approve only if the other screen shows the same words.", wraps=True))
        layout.addLayout(row(label("Name"), self.name, self.rights))
        layout.addWidget(self.rights.warning)
        layout.addLayout(row(self.roots, self.approve, self.refuse))
        layout.addWidget(self.said)

    def _approve(self) -> None:
        name, rights = self.name.text().strip() or None, self.rights.ordered()
        roots = self.roots.roots() or None
        which = self._info.fingerprint
        self._wait()
        self._hub.ask(
            self._server,
            lambda client: client.approve(which, name=name, rights=rights, roots=roots),
            self._answered,
        )

    def _refuse(self) -> None:
        which = self._info.fingerprint
        self._wait()
        self._hub.ask(self._server, lambda client: client.refuse(which), self._answered)

    def _wait(self) -> None:
        self.approve.setEnabled(False)
        self.refuse.setEnabled(False)

    def _answered(self, _result: object, error: RemoteError | None) -> None:
        self.approve.setEnabled(True)
        self.refuse.setEnabled(True)
        say(self.said, "" if error is None else error.message)


class FirstContacts(QWidget):
    """The cards of all servers that we may administer."""

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self._hub = hub
        self.cards: dict[tuple[str, str], Card] = {}
        self._old: list[Card] = []  # an answer may still be on its way to them
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)

    def refresh(self) -> list[ClientInfo]:
        """Show who waits now, and give who is new."""
        waiting = {
            (server, info.fingerprint): info
            for server, picture in self._hub.pictures.items()
            if self._hub.may(server, Right.ADMIN)
            for info in picture.clients.values()
            if info.state is ClientState.PENDING
        }
        for key in self.cards.keys() - waiting.keys():
            card = self.cards.pop(key)
            self._layout.removeWidget(card)
            card.hide()
            self._old = [*self._old, card][-64:]
        new = []
        for key, info in waiting.items():
            if key not in self.cards:
                self.cards[key] = Card(self._hub, key[0], info)
                self._layout.addWidget(self.cards[key])
                new.append(info)
        self.setVisible(bool(self.cards))
        return new
