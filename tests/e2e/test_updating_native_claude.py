"""`claude-remote update --claude` with what a native installation really does: its own `claude update`, asked
of a host that stands in for claude's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.lab import Client, Lab, claude_program
from tests.fakes.claude_releases import ClaudeReleases
from tests.fakes.messages_api import text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

_AFTER = "99.1.2"
_STARTS = (
    f'#!/bin/sh\ncase "$1" in -v|--version) echo "{_AFTER} (Claude Code)" ;; *) exec {{}} "$@" ;; esac\n'
)
_CRASHES = "#!/bin/sh\necho 'Illegal instruction' >&2\nexit 132\n"


@pytest.fixture
def releases(own_lab: Lab) -> Iterator[ClaudeReleases]:
    with ClaudeReleases(own_lab.folder) as releases:
        own_lab.server_environment |= releases.environment
        yield releases


@pytest.fixture
def native(own_lab: Lab, releases: ClaudeReleases) -> Path:
    """The program of a native installation, by which the server runs."""
    program = own_lab.home / ".local" / "bin" / "claude"
    version = _version(claude_program())
    path = own_lab.home / ".local" / "share" / "claude" / "versions" / version
    _place(path)
    program.parent.mkdir(parents=True)
    program.symlink_to(path)
    own_lab.server_environment["PATH"] = f"{program.parent}:{own_lab.server_environment['PATH']}"
    return program


def _place(path: Path) -> None:
    path.parent.mkdir(parents=True)
    try:
        os.link(claude_program().resolve(), path)
    except OSError:
        shutil.copy(claude_program(), path)


def _version(program: Path) -> str:
    told = subprocess.run([program, "-v"], check=True, timeout=30, capture_output=True, text=True)
    return told.stdout.split()[0]


@pytest.fixture
def admin(own_lab: Lab, native: Path) -> Client:
    own_lab.start("--claude", str(native))
    return own_lab.approved("admin", rights="full")


def test_a_newer_one_is_used(own_lab: Lab, releases: ClaudeReleases, native: Path, admin: Client) -> None:
    releases.publish(_AFTER, _STARTS.format(claude_program()))
    before = native.resolve()
    ran = admin.run("update", "--claude", timeout=120)
    assert ran.code == 0, ran
    assert f"Successfully updated from {before.name} to version {_AFTER}" in ran.err
    assert f"claude is {_AFTER} (Claude Code) now" in ran.err
    assert native.resolve() == before.parent / _AFTER
    own_lab.api.on("are you there", text("Here."))
    assert admin.run("-p", "are you there").out == "Here.\n"


def test_one_that_does_not_start_gives_way(
    own_lab: Lab, releases: ClaudeReleases, native: Path, admin: Client
) -> None:
    releases.publish(_AFTER, _CRASHES)
    before = native.resolve()
    ran = admin.run("update", "--claude", timeout=120)
    assert ran.code == 3, ran
    words = f"the new claude does not start, so {before.name} (Claude Code) is used again: "
    assert f"{words}{native} -v failed: Illegal instruction" in ran.err
    assert (native.resolve(), _version(native)) == (before, before.name)
    own_lab.api.on("are you there", text("Here."))
    assert admin.run("-p", "are you there").out == "Here.\n"


def test_one_that_lies_elsewhere_is_not_what_is_updated(own_lab: Lab, releases: ClaudeReleases) -> None:
    """Claude brings its own folder to the newest version, whoever asks, and says that it has succeeded."""
    program = own_lab.folder / "opt" / "claude"
    _place(program)
    releases.publish(_AFTER, _STARTS.format(claude_program()))
    own_lab.start("--claude", str(program))
    ran = own_lab.server.control("update", "--claude")
    assert ran.code == 3, ran
    version = _version(program)
    assert f"has come to {_AFTER}, but {program} still is {version} (Claude Code)" in ran.err
