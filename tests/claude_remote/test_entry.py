"""What a command says whose extra is not installed."""

import signal
import subprocess
import sys

import pytest


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed_is_no_file_of_ours(closed: str) -> None:
    program = """
import os, socket, sys
from claude_remote import entry
entry._open_standard_streams()
print("out")
print("err", file=sys.stderr, flush=True)
sys.stdout.flush()
taken = socket.socket().fileno()
try:
    words = f"read {os.read(0, 9)}"
except OSError as error:
    words = f"cannot read: {error.strerror}"
with open(sys.argv[1], "w") as told:
    told.write(f"{taken > 2} {words}")
"""
    ran = subprocess.run(
        ["sh", "-c", f'exec "$0" -c "$1" /dev/fd/3 3>&1 {closed}', sys.executable, program],
        capture_output=True,
        input=b"in",
        timeout=30,
        check=False,
    )
    assert ran.returncode == 0, ran
    said = b"True cannot read: Bad file descriptor" if "<&-" in closed else b"True read b'in'"
    assert ran.stdout.startswith(b"" if ">&-" in closed.replace("2>&-", "") else b"out\n")
    assert ran.stdout.endswith(said)
    assert ran.stderr == (b"" if "2>&-" in closed else b"err\n")


def test_ctrl_c_while_it_loads_shows_no_traceback() -> None:
    program = """
import os, signal, sys
from claude_remote import entry

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "claude_remote.cli.running":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
entry.client()
"""
    ran = subprocess.run(
        [sys.executable, "-c", program, "ping"], capture_output=True, timeout=30, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (-signal.SIGINT, b"", b"")


@pytest.mark.parametrize(
    ("command", "library", "extra"),
    [
        ("server", "zmq", "server"),
        ("server", "uvloop", "server"),
        ("worker", "zmq", "server"),
        ("gui", "PyQt6", "gui"),
    ],
)
def test_a_command_whose_extra_is_missing_says_what_to_install(
    command: str, library: str, extra: str
) -> None:
    # As if this one had never been installed, and all others had.
    program = f"""
import importlib.util, sys
from claude_remote import entry
found = importlib.util.find_spec
entry.find_spec = lambda name: None if name == {library!r} else found("sys")
sys.exit(entry.{command}())
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert ran.stderr == (
        f"claude-remote-{command}: {library} is missing;"
        f" install with: pipx install 'claude-remote-bus[{extra}]'\n"
    )
