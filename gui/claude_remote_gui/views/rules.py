"""The standing rules of all servers: what passes without asking, by whom, until when; one can be ended."""

from __future__ import annotations

import time

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PyQt6.QtWidgets import QVBoxLayout, QWidget

from claude_remote.errors import RemoteError
from claude_remote.messages import RuleInfo
from claude_remote.rights import Right
from claude_remote_gui.hub import Hub
from claude_remote_gui.models.rows import ROW_ROLE, RowsModel
from claude_remote_gui.models.standing_rules import RULES, RuleRow
from claude_remote_gui.net.standing import Connected
from claude_remote_gui.rule_words import passes
from claude_remote_gui.views.parts import button, filter_box, label, row, say, selected, sorted_by, table

AGAIN = 5_000  # ms: they are not in the feed, so they are asked for while somebody looks


class RulesView(QWidget):
    """Asks for them when it is looked at, and every few seconds from then on."""

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self._hub = hub
        self._found: dict[str, list[RuleInfo]] = {}
        self._troubles: dict[str, str] = {}
        self._asked: set[str] = set()
        self.model: RowsModel[RuleRow] = RowsModel(RULES, self)
        proxy = sorted_by(self)
        proxy.setSourceModel(self.model)
        self.filter = filter_box(proxy, "rules")
        self.table = table(proxy, "Rules", (200, 260, 180, 105, 50, 90, 130, 90))
        self.table.sortByColumn(7, Qt.SortOrder.DescendingOrder)
        self.about = label(
            "What Claude may do without asking. Rules are made with a yes to a question (R) or by"
            " `claude-remote rules add`; one ends with its time, or when its maker may not approve any more.",
            wraps=True,
        )
        self.remove = button("Withdraw", self._remove, "Claude asks again from the next question on (Del)")
        self.said = label(wraps=True)
        say(self.said, "")
        layout = QVBoxLayout(self)
        layout.addWidget(self.about)
        layout.addWidget(self.filter)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.said)
        layout.addLayout(row(self.remove, None))
        selection = self.table.selectionModel()
        if selection is not None:
            selection.selectionChanged.connect(lambda _new, _old: self._enable())
        self._timer = QTimer(self)
        self._timer.setInterval(AGAIN)
        self._timer.timeout.connect(self.ask)
        hub.stood.connect(self._stood)
        self._enable()

    def ask(self) -> None:
        """Ask every server that is connected; who has not answered yet is not asked again."""
        for server, standing in self._hub.standings.items():
            if isinstance(standing, Connected) and server not in self._asked:
                self._asked.add(server)
                self._ask(server)
        self.model.refresh()  # their ends come nearer

    def learn(self, server: str, found: list[RuleInfo]) -> None:
        """These are the rules of a server."""
        self._troubles.pop(server, None)
        self._found[server] = found
        self._show()

    def showEvent(self, event: QShowEvent | None) -> None:
        """Somebody looks."""
        super().showEvent(event)
        self.ask()
        self._timer.start()

    def hideEvent(self, event: QHideEvent | None) -> None:
        """Nobody looks."""
        super().hideEvent(event)
        self._timer.stop()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Del, which the table leaves to us."""
        if event is not None and event.key() == Qt.Key.Key_Delete:
            self.remove.click()
        else:
            super().keyPressEvent(event)

    # --- inside ------------------------------------------------------------------------------------------

    def _ask(self, server: str) -> None:
        def then(found: list[RuleInfo], error: RemoteError | None) -> None:
            self._asked.discard(server)
            if error is None:
                self.learn(server, found)
            else:
                self._troubles[server] = f"{server}: {error.message}"
                self._show()

        self._hub.ask(server, lambda client: client.rules(), then)

    def _stood(self, server: str) -> None:
        """A server that is away keeps what was known of it; one that was removed does not."""
        if server not in self._hub.servers:
            self._found.pop(server, None)
            self._troubles.pop(server, None)
            self._show()
        elif self.isVisible() and server not in self._found:
            self.ask()
        self._enable()

    def _show(self) -> None:
        now = time.time()
        self.model.update_rows(
            {
                (server, rule.id): RuleRow(server, rule)
                for server, found in self._found.items()
                for rule in found
                if server in self._hub.servers and (rule.expires is None or rule.expires > now)
            }
        )
        told = "\n".join(self._troubles.values())
        if not told and self._found and not self.model.rowCount():
            told = "There are no rules: Claude asks whatever its own settings leave open."
        say(self.said, told)
        self._enable()

    def _chosen(self) -> RuleRow | None:
        found = selected(self.table, ROW_ROLE)
        return found if isinstance(found, RuleRow) else None

    def _enable(self) -> None:
        found = self._chosen()
        self.remove.setEnabled(found is not None and self._hub.may(found.server, Right.APPROVE))

    def _remove(self) -> None:
        found = self._chosen()
        if found is None:
            return
        rule, server = found.info, found.server

        def then(_result: object, error: RemoteError | None) -> None:
            if error is None:
                self._found[server] = [each for each in self._found.get(server, []) if each.id != rule.id]
                self._show()
                say(self.said, f"Withdrawn; Claude asks again: {passes(rule.rule)}.")
            else:
                say(self.said, f"{rule.rule} was not withdrawn: {error.message}")

        self._hub.ask(server, lambda client: client.remove_rule(rule.id), then)
