"""What a command says whose extra is not installed."""

import subprocess
import sys

import pytest


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
