"""Beginning a session: where, with which model and mode, and the first prompt."""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QComboBox, QFormLayout, QFrame, QLineEdit, QVBoxLayout

from claude_remote.client.client import Client
from claude_remote.client.steering import Sent
from claude_remote.errors import RemoteError
from claude_remote.rights import Right
from claude_remote_gui.hub import Hub
from claude_remote_gui.net.standing import Connected
from claude_remote_gui.views.composer import Composer
from claude_remote_gui.views.conversation import MODES
from claude_remote_gui.views.parts import button, label, row, say

_MOST = 30


class NewSession(QFrame):
    """A panel, not a dialog: nothing else is kept from anybody meanwhile."""

    begun = pyqtSignal(str, str)  # server, session

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self._hub = hub
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAccessibleName("New session")
        self.server = QComboBox()
        self.server.currentTextChanged.connect(self._choose)
        self.folder = _known("as the server was started")
        self.name = QLineEdit()
        self.name.setMaxLength(64)
        self.name.setPlaceholderText("chosen by the server")
        self.model = _known("Claude's default")
        self.mode = QComboBox()
        self.mode.addItems(MODES)
        self.composer = Composer(hub.past_prompts)
        self.composer.submitted.connect(self._begin)
        self.composer.urgent.connect(self._begin)
        self.prompt = self.composer.box
        self.begin = button("Begin", self.prompt.submit)
        self.said = label(wraps=True)
        say(self.said, "")
        form = QFormLayout()
        for title, field in (
            ("Server", self.server),
            ("Folder", self.folder),
            ("Name", self.name),
            ("Model", self.model),
            ("Mode", self.mode),
        ):
            field.setAccessibleName(title)
            line = field.lineEdit() if isinstance(field, QComboBox) else None
            if line is not None:
                line.setAccessibleName(title)
            form.addRow(title, field)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.composer)
        layout.addWidget(self.said)
        layout.addLayout(row(self.composer.add, None, button("Cancel", self.hide), self.begin))
        self.hide()

    def open(self) -> None:
        """Show it, with the servers that may be prompted."""
        self.server.clear()
        self.server.addItems([name for name in self._hub.servers if self._hub.may(name, Right.PROMPT)])
        self.begin.setEnabled(self.server.count() > 0)
        say(self.said, "" if self.server.count() else "There is no server that you may prompt.")
        self.show()
        self.prompt.setFocus()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Escape leaves it; what was written stays for the next time."""
        if event is not None and event.key() == Qt.Key.Key_Escape:
            self.hide()
        else:
            super().keyPressEvent(event)

    def _choose(self, server: str) -> None:
        """Offer what is known of this server: the newest first."""
        standing = self._hub.standings.get(server)
        self.composer.here = isinstance(standing, Connected) and standing.local
        picture = self._hub.pictures.get(server)
        sessions = (
            [] if picture is None else sorted(picture.sessions.values(), key=lambda each: -each.changed)
        )
        for box, words in ((self.folder, "cwd"), (self.model, "model")):
            before = box.currentText()
            box.clear()
            box.addItems(
                list(dict.fromkeys(filter(None, (getattr(each, words) for each in sessions))))[:_MOST]
            )
            box.setEditText(before)

    def _begin(self, text: str) -> None:
        server = self.server.currentText()
        options: list[str] = []
        if model := self.model.currentText().strip():
            options += ["--model", model]
        if self.mode.currentText() != "default":
            options += ["--permission-mode", self.mode.currentText()]
        name, folder = self.name.text().strip() or None, self.folder.currentText().strip() or None
        self.begin.setEnabled(False)

        def ask(client: Client) -> Sent:
            return client.send(text, name=name, cwd=folder, options=options)

        def then(sent: object, error: RemoteError | None) -> None:
            self.begin.setEnabled(True)
            if error is not None:
                say(self.said, error.message)
                self.composer.give_back(text)
            elif isinstance(sent, Sent):
                say(self.said, "")
                self.name.clear()
                self.hide()
                self.begun.emit(server, sent.session.id)

        self._hub.ask(server, ask, then)


def _known(usual: str) -> QComboBox:
    """A line with what was used before."""
    box = QComboBox()
    box.setEditable(True)
    box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    line = box.lineEdit()
    if line is not None:
        line.setPlaceholderText(usual)
    return box
