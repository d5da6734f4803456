"""Programs whose standard streams were closed, or lead where nothing can be written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from claude_remote.cli.executing.streams import OutputStream
from claude_remote.errors import Misconfigured

ROOT = Path(__file__).parents[2]


def ran(words: str, tmp_path: Path) -> subprocess.CompletedProcess[bytes]:
    """`$P` is claude-remote, `$S` claude-remote-server, in a shell command."""
    env = {
        **os.environ,
        "CLAUDE_REMOTE_HOME": str(tmp_path),
        "P": f"{sys.executable} -c 'import claude_remote.entry as e; e.client()'",
        "S": f"{sys.executable} -c 'import sys, claude_remote.entry as e; sys.exit(e.server())'",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'broker'}",
    }
    return subprocess.run(["sh", "-c", f"eval {words}"], env=env, capture_output=True, check=False)


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_no_trouble(closed: str, tmp_path: Path) -> None:
    for words in ('"$P" servers --json', '"$S" fingerprint'):
        done = ran(f"{words} {closed}", tmp_path)
        assert done.returncode == 0, done
        assert b"Traceback" not in done.stderr


def test_what_is_opened_later_gets_no_number_of_a_standard_stream(tmp_path: Path) -> None:
    words = "import os; from claude_remote.standard_streams import open_closed; open_closed();"
    words += "os._exit(min(os.pipe()))"
    done = subprocess.run(["sh", "-c", f"{sys.executable} -c '{words}' <&- >&- 2>&-"], cwd=ROOT, check=False)
    assert done.returncode == 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("command", ['"$P" servers --json', '"$S" fingerprint', '"$S" --help'])
def test_output_that_cannot_be_written_is_told_in_a_line(command: str, tmp_path: Path) -> None:
    done = ran(f"{command} > /dev/full", tmp_path)
    name = b"claude-remote-server" if "S" in command else b"claude-remote"
    said = name + b": cannot write standard output: No space left on device\n"
    assert (done.returncode, done.stderr) == (2, said)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_commands_output_that_cannot_be_written_is_an_error_with_words() -> None:
    with Path("/dev/full").open("wb") as full, pytest.raises(Misconfigured, match="No space left"):
        OutputStream(full.fileno()).put(b"hello")
