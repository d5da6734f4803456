"""Notifications with actions, where the desktop has them: org.freedesktop.Notifications on the D-Bus.

The Desktop Notifications Specification, version 1.2. Every call is asynchronous: a desktop that hangs does
not make the window hang.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import Any

from PyQt6.QtCore import QMetaType, QObject, QVariant, pyqtSlot
from PyQt6.QtDBus import (
    QDBusArgument,
    QDBusConnection,
    QDBusMessage,
    QDBusPendingCallWatcher,
    QDBusPendingReply,
)

from claude_remote_gui.views.tray import Action

_SERVICE = "org.freedesktop.Notifications"
_PATH = "/org/freedesktop/Notifications"
_MOST = 100
_UINT, _STRINGS = 3, 11  # QMetaType.Type.UInt and QStringList: PyQt takes the numbers alone


class DesktopNotices(QObject):
    """`there`: the desktop has said that it shows notifications."""

    def __init__(self, parent: QObject, bus: QDBusConnection | None = None) -> None:
        super().__init__(parent)
        self._bus = QDBusConnection.sessionBus() if bus is None else bus
        self._capabilities: list[str] | None = None
        self._keys: dict[int, str] = {}
        self._actions: dict[str, tuple[Action, ...]] = {}
        self._withdrawn: set[str] = set()
        if self._bus.isConnected():
            for name, slot in (("ActionInvoked", self._invoked), ("NotificationClosed", self._closed)):
                self._bus.connect(_SERVICE, _PATH, _SERVICE, name, slot)
            self._call("GetCapabilities", [], self._learn)

    @property
    def there(self) -> bool:
        """See the class."""
        return self._capabilities is not None

    def tell(self, key: str, title: str, text: str, actions: Sequence[Action]) -> None:
        """Show it. The first action is that of a click on the whole."""
        capabilities = self._capabilities or []
        body = html.escape(text) if "body-markup" in capabilities else text
        self._actions = dict([*self._actions.items(), (key, tuple(actions))][-_MOST:])
        named = [
            ("default" if number == 0 else str(number), title) for number, (title, _) in enumerate(actions)
        ]
        flat = [word for each in named for word in each] if "actions" in capabilities else []

        def shown(answer: list[Any]) -> None:
            identity = int(answer[0])
            self._keys[identity] = key
            if key in self._withdrawn:  # it was settled while the desktop took its time
                self._withdrawn.discard(key)
                self._close(identity)

        self._call(
            "Notify",
            [
                "claude-remote",
                _unsigned(0),
                "dialog-question",
                title,
                body,
                QDBusArgument(flat, _STRINGS),
                {"desktop-entry": "claude-remote-gui"},
                -1,
            ],
            shown,
        )

    def withdraw(self, key: str) -> None:
        """It has been settled: nobody needs to see it any more."""
        if key not in self._actions:
            return
        found = [identity for identity, each in self._keys.items() if each == key]
        for identity in found:
            self._close(identity)
        if not found:
            self._withdrawn.add(key)
        self._actions.pop(key, None)

    # --- inside ------------------------------------------------------------------------------------------

    def _close(self, identity: int) -> None:
        self._call("CloseNotification", [_unsigned(identity)], lambda _answer: None)

    def _learn(self, answer: list[Any]) -> None:
        self._capabilities = [str(each) for each in answer[0]]

    @pyqtSlot(QDBusMessage)
    def _invoked(self, message: QDBusMessage) -> None:
        identity, name = message.arguments()[:2]
        actions = self._actions.get(self._keys.get(int(identity), ""), ())
        number = 0 if name == "default" else int(name) if str(name).isdigit() else len(actions)
        if number < len(actions):
            actions[number][1]()

    @pyqtSlot(QDBusMessage)
    def _closed(self, message: QDBusMessage) -> None:
        key = self._keys.pop(int(message.arguments()[0]), "")
        self._actions.pop(key, None)

    def _call(self, name: str, arguments: list[Any], then: Callable[[list[Any]], None]) -> None:
        message = QDBusMessage.createMethodCall(_SERVICE, _PATH, _SERVICE, name)
        message.setArguments(arguments)
        watcher = QDBusPendingCallWatcher(self._bus.asyncCall(message), self)

        def finished() -> None:
            reply = QDBusPendingReply(watcher)
            if not reply.isError():
                then(reply.reply().arguments())
            watcher.deleteLater()

        watcher.finished.connect(finished)


def _unsigned(number: int) -> QVariant:
    """D-Bus tells a uint32 from an int32."""
    made = QVariant(number)
    made.convert(QMetaType(_UINT))
    return made
