"""Users that are not root, for what root is never refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

import pytest

_NOBODY = 65534
_PROGRAMS = {"claude-remote": "client", "claude-remote-server": "server"}
_TRIES = (
    "import subprocess, sys, zmq; subprocess.run([sys.executable, '-c', 'import claude_remote'], check=True)"
)


class User(NamedTuple):
    """`words`: what is put before a command so that this user runs it. `programs`: where he finds ours."""

    number: int
    words: tuple[str, ...]
    programs: Path


def somebody(folder: Path) -> User:
    """Ourselves; if we are root, the user without a name. Skips the test where that cannot be.

    `folder`: an empty one, where he gets an environment of his own: root's Python may be for root alone.
    """
    if os.geteuid():
        return User(os.geteuid(), (), Path(sys.executable).parent)
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("there is no setpriv")
    words = (setpriv, "--reuid", str(_NOBODY), "--regid", str(_NOBODY), "--clear-groups")
    folder.chmod(0o755)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/local/bin/{version}", f"/usr/bin/{version}"):
        if _make_environment(python, folder) and _succeeds([*words, folder / "bin" / "python", "-c", _TRIES]):
            return User(_NOBODY, words, folder / "bin")
    pytest.skip("nobody but root can run this Python")


def _make_environment(python: str, folder: Path) -> bool:
    """One whose packages are those of ours."""
    if not _succeeds([python, "-m", "venv", "--clear", "--without-pip", folder]):
        return False
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "ours.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    for name, entry in _PROGRAMS.items():
        program = folder / "bin" / name
        program.write_text(
            f"#!{folder}/bin/python\nimport sys\n"
            f"from claude_remote.entry import {entry}\nsys.exit({entry}())\n"
        )
        program.chmod(0o755)
    return True


def _succeeds(command: list[str | Path]) -> bool:
    try:
        return not subprocess.run(command, capture_output=True, check=False, timeout=60, cwd="/").returncode
    except OSError:
        return False
