"""Notifications with actions, on a bus and a desktop of the test's own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from queue import Queue
from threading import Thread
from typing import Any

import pytest
from PyQt6.QtCore import QObject
from PyQt6.QtDBus import QDBusConnection
from pytestqt.qtbot import QtBot

from claude_remote_gui.views.desktop_notices import DesktopNotices

pytestmark = pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="there is no dbus-daemon")
PATIENCE = 30


class Desktop:
    """The desktop in a process of its own."""

    def __init__(self, address: str) -> None:
        import os

        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.gui.views.desktop"],
            env={**os.environ, "DBUS_SESSION_BUS_ADDRESS": address},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._told: Queue[list[Any]] = Queue()
        Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._told.put(json.loads(line))

    def told(self, qtbot: QtBot) -> list[Any]:
        qtbot.waitUntil(lambda: not self._told.empty(), timeout=PATIENCE * 1000)
        return self._told.get_nowait()

    def invoke(self, identity: int, key: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"invoke {identity} {key}\n")
        self.process.stdin.flush()


@pytest.fixture
def address() -> Iterator[str]:
    daemon = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address=1"], stdout=subprocess.PIPE, text=True
    )
    assert daemon.stdout is not None
    try:
        yield daemon.stdout.readline().strip()
    finally:
        daemon.terminate()
        daemon.wait(PATIENCE)
        daemon.stdout.close()


@pytest.fixture
def bus(address: str, qtbot: QtBot) -> Iterator[QDBusConnection]:
    yield QDBusConnection.connectToBus(address, "notices")
    QDBusConnection.disconnectFromBus("notices")


@pytest.fixture
def desktop(address: str, qtbot: QtBot) -> Iterator[Desktop]:
    desktop = Desktop(address)
    try:
        assert desktop.told(qtbot) == ["ready"]
        yield desktop
    finally:
        desktop.process.terminate()
        desktop.process.wait(PATIENCE)
        for stream in (desktop.process.stdin, desktop.process.stdout):
            if stream is not None:
                stream.close()


def test_shown_acted_on_and_withdrawn(qtbot: QtBot, bus: QDBusConnection, desktop: Desktop) -> None:
    parent = QObject()
    notices = DesktopNotices(parent, bus)
    qtbot.waitUntil(lambda: notices.there, timeout=PATIENCE * 1000)
    done: list[str] = []
    notices.tell(
        "a",
        "Claude asks",
        "rm <b>x</b>",
        [("Show", lambda: done.append("show")), ("Deny", lambda: done.append("no"))],
    )
    told = desktop.told(qtbot)
    assert told[0] == "notify"
    assert told[5:8] == ["Claude asks", "rm &lt;b&gt;x&lt;/b&gt;", ["default", "Show", "1", "Deny"]]
    desktop.invoke(told[1], "1")
    qtbot.waitUntil(lambda: done == ["no"], timeout=PATIENCE * 1000)
    desktop.invoke(told[1], "default")
    qtbot.waitUntil(lambda: done == ["no", "show"], timeout=PATIENCE * 1000)
    desktop.invoke(99, "1")  # of another program
    notices.withdraw("a")
    assert desktop.told(qtbot) == ["close", told[1]]
    notices.tell("b", "Claude asks", "twice", [])
    notices.withdraw("b")  # before the desktop has given it a number
    assert desktop.told(qtbot)[0] == "notify"
    assert desktop.told(qtbot) == ["close", 2]
    assert done == ["no", "show"]


def test_a_desktop_without_notifications(qtbot: QtBot, bus: QDBusConnection) -> None:
    parent = QObject()
    notices = DesktopNotices(parent, bus)
    notices.tell("a", "Nobody", "hears it", [])
    notices.withdraw("a")
    assert not notices.there
