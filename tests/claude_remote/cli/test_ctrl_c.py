"""Ctrl-C while modules are loaded."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="needs SIGALRM")

# `loading` begins, interrupts this very program, and is loaded to its end.
_LOADING = "import os, signal; os.kill(os.getpid(), signal.SIGINT); print('loaded', flush=True)"


def run(program: str, tmp_path: Path, *, ignored: bool = False) -> subprocess.CompletedProcess[str]:
    (tmp_path / "loading.py").write_text(_LOADING)
    handler = signal.SIG_IGN if ignored else signal.default_int_handler
    return subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": f"{ROOT}:{tmp_path}"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, handler),
    )


PROGRAM = """
import time
from claude_remote.cli import ctrl_c
ctrl_c.install()
try:
    import loading
    time.sleep(20)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_it_waits_until_they_are_loaded(tmp_path: Path) -> None:
    assert run(PROGRAM, tmp_path).stdout == "loaded\ninterrupted\n"


def test_who_has_a_way_of_its_own_with_it_by_then_is_told(tmp_path: Path) -> None:
    program = """
import signal, time
from claude_remote.cli import ctrl_c
ctrl_c.install()
import loading; signal.signal(signal.SIGINT, lambda *_: print("told", flush=True))
time.sleep(0.1)
"""
    assert run(program, tmp_path).stdout == "loaded\ntold\n"


def test_who_ignores_it_goes_on_ignoring_it(tmp_path: Path) -> None:
    assert run(PROGRAM.replace("sleep(20)", "sleep(0.1)"), tmp_path, ignored=True).stdout == "loaded\n"


INTERRUPTED = """
import os, signal, socket, sys, time

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "claude_remote.cli.running":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
from claude_remote import entry
socket.create_connection = lambda *_: time.sleep(20)
sys.argv = ["claude-remote", "ping"]
entry.client()
"""


def test_before_anything_has_begun_it_ends_without_a_traceback(tmp_path: Path) -> None:
    done = run(INTERRUPTED, tmp_path)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr
