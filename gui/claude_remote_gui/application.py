"""The program: one QApplication that Ctrl-C ends and that no exception in a slot takes down."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from PyQt6.QtCore import QSettings, QTimer
from PyQt6.QtWidgets import QApplication, QDialog, QPlainTextEdit, QVBoxLayout

from claude_remote.errors import RemoteError
from claude_remote.files import make_private_folder
from claude_remote.paths import Paths
from claude_remote_gui.hub import Hub
from claude_remote_gui.net.server import local_server_exists
from claude_remote_gui.views.parts import label
from claude_remote_gui.views.window import Window

_LET_PYTHON_LOOK = 200  # ms: only between two of its own instructions does Python handle a signal
_MOST_REPORTS = 5
_WHEN_SHOWN = 1_000  # ms


def create(argv: Sequence[str]) -> QApplication:
    """The one application of this process."""
    application = QApplication(list(argv))
    application.setApplicationName("claude-remote-gui")
    application.setApplicationDisplayName("claude-remote")
    application.setDesktopFileName("claude-remote-gui")
    application.setQuitOnLastWindowClosed(False)  # it may live on in the tray
    return application


def settings(paths: Paths) -> QSettings:
    """Where the window was and how its columns stood."""
    make_private_folder(paths.config)
    return QSettings(str(Path(paths.config) / "gui.ini"), QSettings.Format.IniFormat)


def open_window(paths: Paths, servers: Sequence[str]) -> Window:
    """The window with these servers; with none named, that of this machine, else the default one, and those
    that were added in the window before.
    """
    hub = Hub(paths)
    window = Window(hub, settings(paths))
    for which in servers:
        hub.add(which)
    if not servers:
        first = hub.add(None if local_server_exists(paths) else _default(paths))
        for which in window.memory.servers:
            if which != first.name:
                hub.add(which)
    return window


def run(application: QApplication, window: Window) -> int:
    """Until the window is left, or a signal ends it: then 128 and its number, as of any program."""
    reports = Reports()
    reports.install()
    signals: list[int] = []

    def interrupt(number: int, _frame: object) -> None:
        signals.append(number)
        window.leave()

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    clock = QTimer()
    clock.timeout.connect(lambda: None)
    clock.start(_LET_PYTHON_LOOK)
    window.show()
    QTimer.singleShot(_WHEN_SHOWN, gc.freeze)  # what is here by then stays: the collector need not look at it
    try:
        code = application.exec()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        reports.remove()
    return 128 + signals[0] if signals else code


class Reports:
    """An exception that nobody caught is written on stderr and shown; without this, Qt aborts."""

    def __init__(self) -> None:
        self._dialogs: list[QDialog] = []
        self._waiting: list[str] = []
        self._timer = QTimer()
        self._timer.timeout.connect(self._show)

    def install(self) -> None:
        """From now on, in every thread."""
        self._before = sys.excepthook, threading.excepthook
        sys.excepthook = self._caught
        threading.excepthook = self._caught_in_thread
        self._timer.start(_LET_PYTHON_LOOK)

    def remove(self) -> None:
        """As it was."""
        sys.excepthook, threading.excepthook = self._before
        self._timer.stop()

    def _caught(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        text = "".join(traceback.format_exception(kind, error, trace))
        print(text, file=sys.stderr, end="")
        if len(self._dialogs) < _MOST_REPORTS:
            self._waiting.append(text)  # shown by the timer: this may be another thread

    def _caught_in_thread(self, given: threading.ExceptHookArgs) -> None:
        if given.exc_value is not None:
            self._caught(given.exc_type, given.exc_value, given.exc_traceback)

    def _show(self) -> None:
        while self._waiting:
            dialog = QDialog()
            dialog.setWindowTitle("claude-remote: something went wrong")
            words = QPlainTextEdit(self._waiting.pop(0))
            words.setReadOnly(True)
            words.setAccessibleName("Report")
            layout = QVBoxLayout(dialog)
            layout.addWidget(
                label("The window goes on. If this happens again, please report it.", wraps=True)
            )
            layout.addWidget(words)
            dialog.resize(700, 400)
            dialog.show()
            self._dialogs.append(dialog)


def _default(paths: Paths) -> str | None:
    """What the client's user has chosen; None leaves this machine."""
    from claude_remote.config import ConfigFile, choose_server

    try:
        default = ConfigFile(paths.client_config).read().server
    except RemoteError:
        return None
    choice = choose_server(None, os.environ, default)
    return None if choice.by == "nobody" else choice.which
