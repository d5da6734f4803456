"""Which folders claude trusts."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from claude_remote.facts import Notice
from claude_remote_workers.trust import TrustFailed, find_untrusted, trust
from claude_remote_workers.trusting import Trusting
from tests.workers.recorder import Recorder

SAID = (
    "Ignoring 2 permissions.allow entries from .claude/settings.json: this workspace has not been trusted. "
    "Run Claude Code interactively here once and accept the trust dialog, or set "
    'projects["/home/me/work"].hasTrustDialogAccepted: true in /home/me/.claude.json.\n'
)


def test_what_claude_says() -> None:
    said = ("2 rules of .claude/settings.json", "/home/me/work")
    assert find_untrusted(f"other\n{SAID}", "/home/me/work") == said
    assert find_untrusted(SAID, "/home/me/work/deep") == said
    # A line that anybody may have written trusts nothing but the session's own folder.
    assert find_untrusted(SAID, "/srv") is None
    assert find_untrusted("Ignoring nothing", "/home/me/work") is None


def test_it_is_said_once() -> None:
    outside = Recorder()
    trusting = Trusting(outside, "/home/me/work", resumed=False)
    trusting.look(SAID[:40])
    trusting.look(SAID)
    trusting.look(SAID)
    (notice,) = outside.take()
    assert isinstance(notice, Notice)
    assert "Claude ignores 2 rules of .claude/settings.json" in notice.text
    Trusting(outside, "/home/me/work", resumed=True).look(SAID)
    assert outside.take() == []
    trusting.trust("r")
    assert outside.trusted == ["/home/me/work"]
    assert [each[:1] for each in outside.take() if isinstance(each, tuple)] == [("reply",)]


def test_the_rest_of_the_configuration_stays(tmp_path: Path) -> None:
    path = tmp_path / ".claude.json"
    path.write_text(json.dumps({"a": "\u00fc", "projects": {"/x": {"b": 1}, "/y": {}}}))
    path.chmod(0o640)
    trust({"HOME": str(tmp_path)}, "/x")
    assert json.loads(path.read_text()) == {
        "a": "\u00fc",
        "projects": {"/x": {"b": 1, "hasTrustDialogAccepted": True}, "/y": {}},
    }
    assert path.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in tmp_path.iterdir()] == [".claude.json"]


def test_without_a_configuration_and_in_another_place(tmp_path: Path) -> None:
    trust({"HOME": "/nowhere", "CLAUDE_CONFIG_DIR": str(tmp_path)}, "/x")
    assert json.loads((tmp_path / ".claude.json").read_text())["projects"]["/x"]["hasTrustDialogAccepted"]
    assert (tmp_path / ".claude.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["[]", "no json", '{"projects": 7}', '{"projects": {"/x": 7}}'])
def test_what_is_not_known_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / ".claude.json"
    path.write_text(text)
    with pytest.raises(TrustFailed, match="shape"):
        trust({"HOME": str(tmp_path)}, "/x")
    assert path.read_text() == text


def test_a_lock_that_was_left_behind_and_one_that_is_held(tmp_path: Path) -> None:
    lock = tmp_path / ".claude.json.lock"
    lock.mkdir()
    os.utime(lock, (1, 1))
    trust({"HOME": str(tmp_path)}, "/x")
    lock.mkdir()
    with pytest.raises(TrustFailed, match="held by another"):
        trust({"HOME": str(tmp_path)}, "/x")
