"""A desktop that shows notifications, for one bus: prints what it is told, does what standard input says.

python -m tests.gui.views.desktop     lines in: invoke ID KEY
"""

from __future__ import annotations

import json
import sys
import threading

from PyQt6.QtCore import QCoreApplication, QObject, pyqtClassInfo, pyqtSignal, pyqtSlot
from PyQt6.QtDBus import QDBusAbstractAdaptor, QDBusConnection, QDBusMessage

SERVICE = "org.freedesktop.Notifications"


@pyqtClassInfo("D-Bus Interface", SERVICE)
class Desktop(QDBusAbstractAdaptor):
    """Numbers what it shows."""

    shown = 0

    @pyqtSlot(result="QStringList")
    def GetCapabilities(self) -> list[str]:
        return ["actions", "body", "body-markup"]

    @pyqtSlot(
        "QString", "uint", "QString", "QString", "QString", "QStringList", "QVariantMap", "int", result="uint"
    )
    def Notify(
        self,
        app: str,
        replaces: int,
        icon: str,
        title: str,
        body: str,
        actions: list[str],
        hints: dict[str, object],
        expires: int,
    ) -> int:
        self.shown += 1
        tell("notify", self.shown, app, replaces, icon, title, body, actions, hints, expires)
        return self.shown

    @pyqtSlot("uint")
    def CloseNotification(self, identity: int) -> None:
        tell("close", identity)


class Inbox(QObject):
    """From the thread that reads to the loop."""

    line = pyqtSignal(str)


def tell(*what: object) -> None:
    print(json.dumps(what), flush=True)


def main() -> None:
    program = QCoreApplication(sys.argv)
    root = QObject()
    Desktop(root)
    bus = QDBusConnection.sessionBus()
    assert bus.registerObject("/org/freedesktop/Notifications", root)
    assert bus.registerService(SERVICE)

    def invoke(line: str) -> None:
        _, identity, key = line.split()
        signal = QDBusMessage.createSignal("/org/freedesktop/Notifications", SERVICE, "ActionInvoked")
        from claude_remote_gui.views.desktop_notices import _unsigned

        signal.setArguments([_unsigned(int(identity)), key])
        bus.send(signal)

    inbox = Inbox()
    inbox.line.connect(invoke)

    def read() -> None:
        for line in sys.stdin:
            inbox.line.emit(line)

    threading.Thread(target=read, daemon=True).start()
    tell("ready")
    sys.exit(program.exec())


if __name__ == "__main__":
    main()
