"""Beginning a session: where, with which model and mode, and the first prompt."""

from __future__ import annotations

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QComboBox, QFormLayout, QFrame, QLineEdit, QVBoxLayout

from claude_remote.client.client import Client
from claude_remote.client.events import Accepted
from claude_remote.errors import RemoteError
from claude_remote.messages import SessionInfo
from claude_remote.rights import Right
from claude_remote_gui.hub import Hub
from claude_remote_gui.views.conversation import MODES
from claude_remote_gui.views.parts import button, label, row, say
from claude_remote_gui.views.prompt_box import PromptBox


class NewSession(QFrame):
    """A panel, not a dialog: nothing else is kept from anybody meanwhile."""

    begun = pyqtSignal(str, str)  # server, session

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self._hub = hub
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAccessibleName("New session")
        self.server = QComboBox()
        self.folder = QLineEdit()
        self.folder.setPlaceholderText("as the server was started")
        self.name = QLineEdit()
        self.name.setMaxLength(64)
        self.name.setPlaceholderText("chosen by the server")
        self.model = QLineEdit()
        self.model.setPlaceholderText("Claude's default")
        self.mode = QComboBox()
        self.mode.addItems(MODES)
        self.prompt = PromptBox()
        self.prompt.submitted.connect(self._begin)
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
            form.addRow(title, field)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.prompt)
        layout.addWidget(self.said)
        layout.addLayout(row(None, button("Cancel", self.hide), self.begin))
        self.hide()

    def open(self) -> None:
        """Show it, with the servers that may be prompted."""
        self.server.clear()
        self.server.addItems([name for name in self._hub.servers if self._hub.may(name, Right.PROMPT)])
        self.begin.setEnabled(self.server.count() > 0)
        say(self.said, "" if self.server.count() else "There is no server that you may prompt.")
        self.show()
        self.prompt.setFocus()

    def _begin(self, text: str) -> None:
        server = self.server.currentText()
        options: list[str] = []
        if self.model.text().strip():
            options += ["--model", self.model.text().strip()]
        if self.mode.currentText() != "default":
            options += ["--permission-mode", self.mode.currentText()]
        name, folder = self.name.text().strip() or None, self.folder.text().strip() or None
        self.begin.setEnabled(False)

        def ask(client: Client) -> SessionInfo | None:
            with client.prompt(text, name=name, cwd=folder, options=options) as turn:
                for event in turn:
                    if isinstance(event, Accepted):
                        return event.session
            return None

        def then(session: object, error: RemoteError | None) -> None:
            self.begin.setEnabled(True)
            if error is not None:
                say(self.said, error.message)
                self.prompt.give_back(text)
            elif isinstance(session, SessionInfo):
                say(self.said, "")
                self.name.clear()
                self.hide()
                self.begun.emit(server, session.id)

        self._hub.ask(server, ask, then)
