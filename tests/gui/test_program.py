"""The program: without a screen, with Ctrl-C, with an exception in a slot, and its pictures."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.e2e.programs import Ran, Running


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG") if name in os.environ}
    return {**kept, "HOME": str(tmp_path), "CLAUDE_REMOTE_HOME": str(tmp_path / "home")}


def run(argv: list[str], environment: dict[str, str], folder: Path) -> Ran:
    with Running([sys.executable, *argv], environment, folder) as running:
        return running.finish()


def test_without_a_display(environment: dict[str, str], tmp_path: Path) -> None:
    ran = run(["-m", "claude_remote_gui"], environment, tmp_path)
    assert ran.code == 2
    assert ran.err == "claude-remote-gui: there is no display (DISPLAY or WAYLAND_DISPLAY is not set)\n"


SCRIPT = """
import sys
from PyQt6.QtCore import QTimer
from claude_remote.paths import find_paths
from claude_remote_gui import application

program = application.create(["gui"])
window = application.open_window(find_paths(), ["unix:/nowhere"])
{timers}
QTimer.singleShot(0, lambda: print("running", flush=True))
sys.exit(application.run(program, window))
"""


def test_ctrl_c_ends_it(environment: dict[str, str], tmp_path: Path) -> None:
    argv = [sys.executable, "-c", SCRIPT.format(timers="")]
    with Running(argv, {**environment, "QT_QPA_PLATFORM": "offscreen"}, tmp_path) as running:
        running.wait_for("running")
        running.process.send_signal(signal.SIGINT)
        ran = running.finish()
    assert ran.code == 130, ran
    assert "Traceback" not in ran.err


def test_an_exception_in_a_slot_is_reported_and_ends_nothing(
    environment: dict[str, str], tmp_path: Path
) -> None:
    timers = """
from PyQt6.QtWidgets import QApplication, QPlainTextEdit
QTimer.singleShot(10, lambda: 1 / 0)
def look():
    texts = [each for top in QApplication.topLevelWidgets() for each in top.findChildren(QPlainTextEdit)]
    if any("ZeroDivisionError" in each.toPlainText() for each in texts):
        print("reported", flush=True)
        window.close()
looking = QTimer()
looking.timeout.connect(look)
looking.start(20)
"""
    argv = ["-c", SCRIPT.format(timers=timers)]
    ran = run(argv, {**environment, "QT_QPA_PLATFORM": "offscreen"}, tmp_path)
    assert ran.code == 0, ran
    assert "reported" in ran.out
    assert "ZeroDivisionError" in ran.err


def test_pictures_of_every_view(environment: dict[str, str], tmp_path: Path) -> None:
    ran = run(["-m", "claude_remote_gui", "--screenshot", str(tmp_path / "shots")], environment, tmp_path)
    assert ran.code == 0, ran
    pictures = {path.name: path.read_bytes() for path in (tmp_path / "shots").iterdir()}
    views = ("sessions", "approvals", "rule", "rules", "clients", "activity", "questions")
    assert pictures.keys() == {f"{view}-{look}.png" for view in views for look in ("light", "dark")}
    assert len(set(pictures.values())) == len(pictures)
