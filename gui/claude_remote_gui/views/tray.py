"""The tray, where there is one: how many wait, and a way back to the window."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QObject, Qt
from PyQt6.QtGui import QAction, QColor, QFont, QIcon, QPainter, QPixmap
from PyQt6.QtWidgets import QApplication, QMenu, QSystemTrayIcon

from claude_remote_gui.words import count

Action = tuple[str, Callable[[], object]]  # what a notification offers, and what that does


def icon(waiting: int = 0) -> QIcon:
    """The program's mark, with the number of those who wait."""
    made = QIcon()
    for size in (16, 24, 32, 64, 128):
        made.addPixmap(_picture(size, waiting))
    return made


def _picture(size: int, waiting: int) -> QPixmap:
    picture = QPixmap(size, size)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor("#c2410c" if waiting else "#1f5fbf"))
    painter.drawRoundedRect(0, 0, size, size, size / 4, size / 4)
    font = QFont(QApplication.font())
    font.setBold(True)
    font.setPixelSize(max(8, int(size * 0.7)))
    painter.setFont(font)
    painter.setPen(QColor("white"))
    words = (str(waiting) if waiting < 10 else "9+") if waiting else "\u203a"
    painter.drawText(picture.rect(), Qt.AlignmentFlag.AlignCenter, words)
    painter.end()
    return picture


class Tray(QObject):
    """Does nothing while the desktop has no tray. `stays`: the program lives on in it without its window."""

    def __init__(
        self,
        show: Callable[[], None],
        show_approvals: Callable[[], None],
        show_clients: Callable[[], None],
        leave: Callable[[], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._waiting = 0
        self._clicked: Callable[[], object] = show
        self._icon = QSystemTrayIcon(icon(), self)
        self._menu = QMenu()
        self._action("Show the window", show)
        self.approvals = self._action("Approvals", show_approvals)
        self.contacts = self._action("Clients", show_clients)
        self._menu.addSeparator()
        self.stays = QAction("Stay here when the window is closed", self)
        self.stays.setCheckable(True)
        self._menu.addAction(self.stays)
        self._action("Quit", leave)
        self._icon.setContextMenu(self._menu)
        self._icon.activated.connect(lambda reason: self._activated(reason, show))
        self._icon.messageClicked.connect(self._message_clicked)
        self._icon.setToolTip("claude-remote")
        self._icon.show()  # as soon as there is a tray

    @property
    def there(self) -> bool:
        """Whether the desktop has a tray just now: it may come later than we, or go."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    def count(self, approvals: int, contacts: int) -> None:
        """So many wait for the user."""
        waiting = approvals + contacts
        self.approvals.setText(f"Approvals ({approvals})" if approvals else "Approvals")
        self.contacts.setText(f"Clients ({contacts})" if contacts else "Clients")
        if waiting != self._waiting:
            self._waiting = waiting
            self._icon.setIcon(icon(waiting))
            self._icon.setToolTip(
                f"claude-remote: {count(waiting, 'question')} waiting" if waiting else "claude-remote"
            )

    def tell(self, title: str, text: str, clicked: Callable[[], object]) -> None:
        """A notification, where the desktop shows them; a click on it does this."""
        if self.there:
            self._clicked = clicked
            self._icon.showMessage(title, text, icon(self._waiting))

    def _action(self, title: str, does: Callable[[], None]) -> QAction:
        action = QAction(title, self)
        action.triggered.connect(lambda _checked=False: does())
        self._menu.addAction(action)
        return action

    def _message_clicked(self) -> None:
        self._clicked()

    def _activated(self, reason: QSystemTrayIcon.ActivationReason, show: Callable[[], None]) -> None:
        if reason is not QSystemTrayIcon.ActivationReason.Context:
            show()
