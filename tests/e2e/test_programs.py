"""The laboratory's own instruments."""

from __future__ import annotations

import os
import signal
import sys
import uuid
from pathlib import Path

import pytest

from tests.e2e import leftovers
from tests.e2e.programs import Running, Terminal

pytestmark = pytest.mark.e2e

ASKS = """
import sys
print("you said", input("what? "), sys.stdin.isatty())
"""


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_a_program_on_a_terminal(tmp_path: Path) -> None:
    with Terminal(python(ASKS), os.environ, tmp_path) as terminal:
        terminal.wait_for("what")
        terminal.type("this\r")
        terminal.wait_for("you said this True")
        assert terminal.finish().code == 0


def test_ctrl_c_on_a_terminal(tmp_path: Path) -> None:
    with Terminal(["sh", "-c", "echo ready; exec sleep 60"], os.environ, tmp_path) as terminal:
        terminal.wait_for("ready")
        terminal.type("\x03")
        assert terminal.finish().code == -signal.SIGINT


def test_what_never_comes(tmp_path: Path) -> None:
    with Running(python("print('something')"), os.environ, tmp_path) as running:
        with pytest.raises(EOFError, match="something"):
            running.wait_for("else")
        assert running.finish().out == "something\n"


def test_stdin(tmp_path: Path) -> None:
    with Running(
        python("import sys; print(len(sys.stdin.read()))"), os.environ, tmp_path, stdin=b"x" * 9
    ) as it:
        assert it.finish().out == "9\n"


def test_leftovers_are_found_whoever_their_parent_is(tmp_path: Path) -> None:
    mark = uuid.uuid4().hex
    program = "import subprocess; subprocess.Popen(['setsid', 'sleep', '77'])"
    with Running(python(program), {**os.environ, leftovers.MARK: mark}, tmp_path) as running:
        running.process.wait(30)
        left = leftovers.marked(mark)
        assert list(left.values()) == ["sleep 77"]
        leftovers.kill(left)
        assert not leftovers.wait_until_gone(mark, within=10)
        assert running.finish().code in {0, -signal.SIGKILL}
