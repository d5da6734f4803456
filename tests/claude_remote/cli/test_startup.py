"""What the command line imports: half of a ping's time would be libraries that it does not need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HEAVY = ("zmq", "asyncio", "rich", "PyQt6", "cryptography", "click", "prompt_toolkit")
PROGRAM = """
import sys
from claude_remote.cli import main
code = main(sys.argv[1:])
print("imported:", *[name for name in %r if name in sys.modules], file=sys.stderr)
sys.exit(code)
"""


def run(home: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM % (HEAVY,), *argv],
        env={**os.environ, "PYTHONPATH": str(ROOT), "CLAUDE_REMOTE_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("argv", "code"), [(["--help"], 0), (["--version"], 0), (["ping", "-s", "127.0.0.1:1"], 3)]
)
def test_little_is_imported(tmp_path: Path, argv: list[str], code: int) -> None:
    ran = run(tmp_path, *argv)
    assert ran.returncode == code, ran.stderr
    assert ran.stderr.splitlines()[-1] == "imported:"


@pytest.mark.e2e
def test_the_library_is_imported_when_it_is_asked_for(tmp_path: Path) -> None:
    program = "import sys, claude_remote; print([name for name in ('ssl', 'msgspec') if name in sys.modules])"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert ran.stdout == "[]\n"


@pytest.mark.parametrize("argv", [["--help"], ["ping", "--help"], ["servers", "add", "--help"]])
def test_help_teaches(argv: list[str], capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    from claude_remote.cli import main

    assert main(argv) == 0
    assert b"SERVER" in capsysbinary.readouterr().out.upper()
