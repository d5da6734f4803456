from __future__ import annotations

from pathlib import Path

import pytest

from claude_remote.versions import Choice, Versions, is_newer


def put(versions: Versions, version: str) -> Choice:
    """A whole one."""
    folder = versions.folder / version
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "claude-remote-server").touch()
    versions.completed(folder)
    return Choice(version=version, folder=str(folder))


@pytest.mark.parametrize(
    ("version", "than", "newer"),
    [
        ("0.2.0", "0.1.9", True),
        ("0.10", "0.9", True),
        ("1.0", "1.0.0", False),
        ("1.0", "1.0rc1", True),
        ("1.0.dev3", "1.0", False),
        ("1.0.post1", "1.0", True),
        ("", "0", False),
        ("1.1", "nonsense", True),
    ],
)
def test_versions_are_compared_by_their_numbers(version: str, than: str, newer: bool) -> None:
    assert is_newer(version, than) is newer


def test_it_is_used_from_when_it_has_come_up(tmp_path: Path) -> None:
    versions = Versions(tmp_path)
    assert versions.find("1.0") is None
    new = put(versions, "1.1")
    versions.stage(new)
    assert versions.staged == new
    assert versions.find("1.0") is None
    versions.promote(new)
    assert (versions.staged, versions.find("1.0")) == (None, None)  # on trial
    assert versions.settle(new.folder) == ""
    assert versions.find("1.0") == new
    assert versions.find("1.1") is None
    assert versions.find("1.2") is None  # installed by hand meanwhile


def test_what_did_not_come_up_makes_room_for_the_one_before(tmp_path: Path) -> None:
    versions = Versions(tmp_path)
    good, bad = put(versions, "1.1"), put(versions, "1.2")
    for choice in (good, bad):
        versions.promote(choice)
        found = versions.find("1.0")
        assert found == (None if choice is good else good)
        if choice is good:
            versions.settle(good.folder)
    assert versions.settle(good.folder) == "1.2"
    assert versions.chosen == good


def test_the_first_one_did_not_come_up(tmp_path: Path) -> None:
    versions = Versions(tmp_path)
    versions.promote(put(versions, "1.1"))
    assert versions.settle("/installed") == "1.1"
    assert versions.chosen is None


def test_what_is_not_whole_is_not_used(tmp_path: Path) -> None:
    versions = Versions(tmp_path)
    choice = Choice(version="1.1", folder=str(tmp_path / "1.1"))
    versions.promote(choice)
    versions.settle(choice.folder)
    assert versions.find("1.0") is None
    (tmp_path / "chosen.json").write_text("{")
    assert versions.chosen is None
