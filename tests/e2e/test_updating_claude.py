"""`claude-remote update --claude` where claude updates itself, as native installations do: what could happen.

From outside, seen on claude 2.1.332: `claude update` takes no arguments; it writes `Current version: X` and
`Checking for updates to latest version…` to its standard output, then `Claude Code is up to date (X)` or
`Successfully updated from X to version Y`, and ends with 0. Without a network it writes warnings about its
installation there, the three lines of `_FAILED` below to its standard error, and ends with 1.
A native installation is a link, `bin/claude`, to the program of one version; an update makes it another one.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.lab import Client, Lab, claude_program
from tests.fakes.messages_api import Gate, reply, say, text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

_BEFORE, _AFTER = "2.1.332", "2.1.333"
_PROGRAM = """#!/bin/sh
case "$1" in
-v) echo "{version} (Claude Code)" ;;
update)
    echo "Current version: {version}"
    echo "Checking for updates to latest version…"
    . "{share}/update" ;;
*) exec "{real}" "$@" ;;
esac
"""
_FAILED = """Error: Failed to install native update
TelemetrySafeError: Failed to fetch version from https://downloads.claude.ai/claude-code-releases/latest \
after 3 attempt(s): getaddrinfo ENOTFOUND downloads.claude.ai
Try running "claude doctor" for diagnostics"""
_PIECES = "".join(f"piece {number}, " for number in range(200))


class Native:
    """A native installation of the real claude, whose `update` does what a test says."""

    def __init__(self, folder: Path) -> None:
        self._share = folder / "share"
        self.program = folder / "bin" / "claude"
        self.program.parent.mkdir(parents=True)
        self._share.mkdir()
        for version in (_BEFORE, _AFTER):
            path = self._share / version
            path.write_text(_PROGRAM.format(version=version, share=self._share, real=claude_program()))
            path.chmod(0o755)
        self.program.symlink_to(self._share / _BEFORE)

    def when_updated(self, script: str) -> None:
        (self._share / "update").write_text(script)

    def finds_newer(self) -> None:
        self.when_updated(
            f'ln -sfn "{self._share / _AFTER}" "{self.program}"\n'
            f'echo "Successfully updated from {_BEFORE} to version {_AFTER}"\n'
        )


@pytest.fixture
def native(own_lab: Lab) -> Native:
    native = Native(own_lab.folder / "native")
    own_lab.start("--claude", str(native.program))
    return native


@pytest.fixture
def admin(own_lab: Lab, native: Native) -> Client:
    return own_lab.approved("admin", rights="full")


def test_a_newer_one_is_run_from_then_on_and_no_turn_ends(
    own_lab: Lab, native: Native, admin: Client
) -> None:
    lab = own_lab
    native.finds_newer()
    checked = admin.run("update", "--claude", "--check")
    # Whether there is a newer one, only `claude update` finds out: nothing is said to be outdated.
    assert (checked.code, checked.err) == (0, ""), checked
    assert f"claude {_BEFORE} (Claude Code)\n  {native.program} updates itself: claude update" in checked.out
    assert native.program.resolve().name == _BEFORE

    gate = Gate()
    lab.api.on("a long story", reply(say(_PIECES, chunks=200, gate=gate, gate_after=100)))
    with admin.watch("-p", "a long story") as running:
        running.wait_for("piece 9")
        claudes = lab.claudes()
        updated = admin.run("update", "--claude", timeout=120)
        assert updated.code == 0, updated
        for words in (f"updated from {_BEFORE} to version {_AFTER}", f"claude is {_AFTER} (Claude Code) now"):
            assert words in updated.err
        assert lab.claudes() == claudes
        gate.open()
        story = running.finish()
    assert (story.code, story.out.replace("\n", "")) == (0, _PIECES), story
    lab.server.running.wait_for(re.escape(f"{_AFTER} (Claude Code)"), stream="err")
    lab.api.on("are you there", text("Here."))
    assert admin.run("-p", "are you there").out == "Here.\n"


def test_the_newest_one_is_left_alone(own_lab: Lab, native: Native, admin: Client) -> None:
    native.when_updated(f'echo "Claude Code is up to date ({_BEFORE})"\n')
    before = own_lab.server.log
    ran = admin.run("update", "--claude")
    assert ran.code == 0, ran
    assert f"Claude Code is up to date ({_BEFORE})" in ran.err
    assert f"claude is {_BEFORE} (Claude Code), as before" in ran.err
    assert "restart" not in ran.err + own_lab.server.log.removeprefix(before)


def test_why_it_failed_is_told_in_its_own_words(native: Native, admin: Client) -> None:
    native.when_updated(f"echo 'Saving the installation method…'\ncat >&2 <<'END'\n{_FAILED}\nEND\nexit 1\n")
    ran = admin.run("update", "--claude")
    assert ran.code == 3, ran
    last = ran.err.splitlines()[-1]
    assert last == "claude-remote: claude update failed: " + "; ".join(_FAILED.splitlines())
    assert admin.run("ping").code == 0


def test_one_that_has_updated_another_is_not_believed(native: Native, admin: Client) -> None:
    """Claude has a folder of its own for installations, wherever the one that is asked may lie."""
    native.when_updated(f'echo "Successfully updated from {_BEFORE} to version {_AFTER}"\n')
    ran = admin.run("update", "--claude")
    assert ran.code == 3, ran
    assert f"has come to {_AFTER}, but {native.program} still is {_BEFORE} (Claude Code)" in ran.err
    assert "restarting" not in ran.err


def test_from_one_that_does_not_start_it_goes_back(own_lab: Lab, native: Native, admin: Client) -> None:
    broken = own_lab.folder / "native" / "share" / "broken"
    broken.write_text("#!/bin/sh\necho 'Illegal instruction' >&2\nexit 132\n")
    broken.chmod(0o755)
    native.when_updated(f'ln -sfn "{broken}" "{native.program}"\n')
    ran = admin.run("update", "--claude")
    assert ran.code == 3, ran
    assert f"does not start, so {_BEFORE} (Claude Code) is used again: " in ran.err
    assert "Illegal instruction" in ran.err
    assert native.program.resolve().name == _BEFORE


def test_where_there_is_no_way_back_that_is_said(own_lab: Lab, native: Native, admin: Client) -> None:
    native.when_updated(f'echo "exit 1" > "{own_lab.folder}/native/share/{_BEFORE}"\n')
    ran = admin.run("update", "--claude")
    assert (ran.code, "does not start, and the one before is gone" in ran.err) == (3, True), ran


def test_who_stops_waiting_ends_it(own_lab: Lab, native: Native, admin: Client) -> None:
    """One that hangs holds the next one up no longer than somebody waits for it."""
    native.when_updated(f'echo $$ > "{own_lab.folder}/pid"\nexec sleep 8123\n')
    with admin.start("update", "--claude") as hanging:
        hanging.wait_for("Checking for updates", stream="err")
        other = admin.run("update", "--claude")
        assert (other.code, "Another update is under way" in other.err) == (3, True), other
        hanging.process.terminate()
        hanging.finish()
    native.finds_newer()
    for _ in range(50):
        ran = admin.run("update", "--claude", timeout=120)
        if "under way" not in ran.err:
            break
    assert ran.code == 0, ran
    assert not Path(f"/proc/{(own_lab.folder / 'pid').read_text().strip()}").exists()
