"""One session: its conversation, what Claude is doing, and the box to prompt it."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeySequence, QResizeEvent, QShortcut, QTextDocument
from PyQt6.QtWidgets import QComboBox, QLineEdit, QPushButton, QSplitter, QVBoxLayout, QWidget

from claude_remote.client.conversation.items import Doing
from claude_remote.errors import RemoteError
from claude_remote.messages import SessionState
from claude_remote.rights import Right
from claude_remote_gui.hub import Hub
from claude_remote_gui.models.tables import SessionRow
from claude_remote_gui.net.posts import Read
from claude_remote_gui.net.standing import Connected
from claude_remote_gui.views.asking import Asking
from claude_remote_gui.views.composer import Composer
from claude_remote_gui.views.parts import button, label, row, say
from claude_remote_gui.views.session_menu import SessionMenu
from claude_remote_gui.views.strip import Strip
from claude_remote_gui.views.transcript import Transcript
from claude_remote_gui.words import count

MODES = ("default", "acceptEdits", "plan", "auto", "dontAsk", "bypassPermissions")
_NOTHING = "The conversation of a session. Ctrl+N begins one."
_NOTHING_YET = "Nothing was said here yet. A prompt appears when Claude has it."
_FRAME = 24  # pixels on both sides of a question
_BUSY = frozenset({SessionState.WORKING, SessionState.WAITING, SessionState.STARTING, SessionState.QUEUED})
_DOING = {
    Doing.STARTING: "Claude is starting …",
    Doing.REQUESTING: "Claude is asking its model …",
    Doing.THINKING: "Claude is thinking …",
    Doing.WRITING: "Claude is writing …",
    Doing.COMPACTING: "Claude is compacting the conversation …",
    Doing.RETRYING: "Claude is trying again …",
    Doing.ASKING: "Claude waits for a decision.",
}


class ConversationView(QWidget):
    """Shows the session that `show_session` is given."""

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self._hub = hub
        self._row: SessionRow | None = None
        self._reading: int | None = None
        self.title = label(bold=True)
        self.about = label()
        self.mode = QComboBox()
        self.mode.setAccessibleName("Permission mode")
        self.mode.addItems(MODES)
        self.mode.activated.connect(lambda _index: self._set_mode(self.mode.currentText()))
        self.transcript = Transcript()
        self.earlier = button("Show earlier items", self.transcript.show_earlier)
        self.earlier.hide()
        self.transcript.earlier.connect(self._say_earlier)
        self.errors = button("No errors", self.transcript.go_to_error, "Go to the last thing that went wrong")
        self.transcript.failed.connect(self._say_errors)
        self.unfold = QPushButton("Unfold")
        self.unfold.setCheckable(True)
        self.unfold.toggled.connect(self.transcript.unfold_all)
        self.doing = label()
        self.trouble = label(wraps=True)
        self.strip = Strip()
        self.menu = SessionMenu(hub, self.strip, lambda words: say(self.trouble, words))
        self.asking = Asking(hub)
        self.composer = Composer(hub.past_prompts)
        self.composer.submitted.connect(self._send)
        self.composer.urgent.connect(lambda text: self._send(text, now=True))
        self.prompt = self.composer.box
        self.send = button("Send", self.prompt.submit)
        self.send_now = button(
            "Send now",
            lambda: self.prompt.submit(now=True),
            "Claude reads it in the midst of its turn, after the tools that it uses just now (Ctrl+Enter)",
        )
        self.interrupt = button("Interrupt", self._interrupt, "End the running turn (Ctrl+.)")
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find in the conversation")
        self.search.setAccessibleName("Find in the conversation")
        self.search.setMinimumWidth(90)
        self.search.setMaximumWidth(220)
        self.search.returnPressed.connect(self._find)
        self.search.textChanged.connect(lambda _text: self._find())
        QShortcut(QKeySequence.StandardKey.Find, self, self.search.setFocus)
        QShortcut(QKeySequence("Ctrl+."), self, self._interrupt)
        QShortcut(QKeySequence("Ctrl+E"), self, self.transcript.go_to_error)
        self.transcript.setPlaceholderText(_NOTHING)
        for empty in (self.doing, self.trouble):
            say(empty, "")
        self._lay_out()
        # The question is there and not there: the panes beside it shall not move for that.
        self.setMinimumWidth(self.asking.decision.choices.widest + _FRAME)
        hub.read.connect(self._read)
        hub.stood.connect(lambda _name: self._refresh())
        self.show_session(None)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Another height has other room for a question."""
        super().resizeEvent(event)
        self.asking.fit(self.height())

    # --- which session -----------------------------------------------------------------------------------

    @property
    def shown(self) -> tuple[str, str] | None:
        """Server and id of the session that is shown."""
        return None if self._row is None else (self._row.server, self._row.info.id)

    def show_session(self, found: SessionRow | None) -> None:
        """Read this session's conversation; the same one again only refreshes what is said about it."""
        before, self._row = self.shown, found
        if self.shown != before or (found is not None and self._reading is None):
            self.transcript.reset()
            self.transcript.setPlaceholderText(_NOTHING if found is None else _NOTHING_YET)
            say(self.trouble, "")
            say(self.doing, "Reading …" if found is not None else "")
            self.unfold.setChecked(False)
            if found is None:
                self._hub.close_reading()
            else:
                self._reading = self._hub.open(found.server, found.info.id)
        self._refresh()

    def _refresh(self) -> None:
        found = self._row
        self.menu.show_session(found)
        self.asking.show_session(self.shown)
        standing = None if found is None else self._hub.standings.get(found.server)
        self.composer.here = isinstance(standing, Connected) and standing.local
        may = found is not None and self._hub.may(found.server, Right.PROMPT)
        busy = found is not None and found.info.state in _BUSY
        for each in (self.prompt, self.send, self.composer.add):
            each.setEnabled(may)
        self.send_now.setVisible(may and busy)
        self.mode.setEnabled(may and found is not None and found.info.state is not SessionState.PARKED)
        self.interrupt.setEnabled(may and busy)
        self.send.setText("Queue" if busy else "Send")
        if found is None:
            say(self.title, "No session is chosen.")
            say(self.about, "")
            return
        info = found.info
        say(self.title, info.name)
        turns = count(info.turns, "turn")
        say(
            self.about,
            " · ".join(filter(None, [info.state, info.cwd, info.model, turns, f"by {info.client}"])),
        )
        if info.mode in MODES and not self.mode.view().isVisible():  # type: ignore[union-attr]
            self.mode.setCurrentText(info.mode)

    # --- what is read ------------------------------------------------------------------------------------

    def _read(self, posts: list[Read]) -> None:
        posts = [post for post in posts if post.reading == self._reading]
        if not posts:
            return
        changes = (change for post in posts for change in post.changes)
        last = posts[-1]
        say(self.trouble, last.trouble)
        if not last.caught_up:
            say(self.doing, f"Reading … {count(self.transcript.keep(changes), 'item')}")
        else:
            self.transcript.apply(changes)
            say(
                self.doing,
                f"Claude uses {last.detail} …" if last.doing is Doing.TOOL else _DOING.get(last.doing, ""),
            )

    def _say_earlier(self, number: int) -> None:
        self.earlier.setText(f"Show {count(number, 'earlier item')}")
        self.earlier.setVisible(number > 0)

    def _say_errors(self, number: int) -> None:
        self.errors.setText(count(number, "error") if number else "No errors")
        self.errors.setEnabled(number > 0)

    def _find(self) -> None:
        words = self.search.text()
        if words and not self.transcript.find(words, QTextDocument.FindFlag.FindBackward):
            self.transcript.go_to_end()
            cursor = self.transcript.textCursor()
            cursor.movePosition(cursor.MoveOperation.End)
            self.transcript.setTextCursor(cursor)
            self.transcript.find(words, QTextDocument.FindFlag.FindBackward)

    # --- what is done ------------------------------------------------------------------------------------

    def _send(self, text: str, *, now: bool = False) -> None:
        found = self._row
        if found is None:
            return

        def then(_session: object, error: RemoteError | None) -> None:
            if error is not None:
                say(self.trouble, f"The prompt was not sent: {error.message}")
                self.composer.give_back(text)

        self._hub.ask(found.server, lambda client: client.send(text, session=found.info.id, now=now), then)

    def _interrupt(self) -> None:
        if self._row is not None and self.interrupt.isEnabled():
            session = self._row.info.id
            self._hub.ask(self._row.server, lambda client: client.interrupt(session), self._say_error)

    def _set_mode(self, mode: str) -> None:
        if self._row is not None:
            session = self._row.info.id
            self._hub.ask(
                self._row.server,
                lambda client: client.control(session, "set_permission_mode", mode=mode),
                self._say_error,
            )

    def _say_error(self, _result: object, error: RemoteError | None) -> None:
        say(self.trouble, "" if error is None else error.message)
        self._refresh()

    def _lay_out(self) -> None:
        above = QWidget()
        upper = QVBoxLayout(above)
        upper.setContentsMargins(0, 0, 0, 0)
        upper.addLayout(row(self.title, None, self.search, self.errors, self.unfold, self.mode, self.menu))
        upper.addWidget(self.strip)
        upper.addWidget(self.about)
        upper.addWidget(self.earlier)
        upper.addWidget(self.transcript, 1)
        upper.addWidget(self.trouble)
        upper.addWidget(self.doing)
        upper.addWidget(self.asking)
        below = QWidget()
        lower = QVBoxLayout(below)
        lower.setContentsMargins(0, 0, 0, 0)
        lower.addWidget(self.composer, 1)
        lower.addLayout(row(self.composer.add, None, self.interrupt, self.send_now, self.send))
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setObjectName("conversation")
        splitter.addWidget(above)
        splitter.addWidget(below)
        splitter.setStretchFactor(0, 1)
        splitter.setSizes([600, 110])
        splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)
