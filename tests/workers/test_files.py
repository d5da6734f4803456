"""Files as those who decide see them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from claude_remote_workers import files


def test_a_file_and_none(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one\n")
    assert files.read(str(tmp_path / "a"), ()) == b"one\n"
    assert files.read(str(tmp_path / "b"), ()) is None
    assert files.read(str(tmp_path / "a" / "b"), ()) is None


def test_what_is_not_shown(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "key").write_text("secret")
    (tmp_path / "link").symlink_to(own / "key")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"x" * (files.MOST + 1))
    refused = {"own/key": "own", "link": "symbolic links", "pipe": "not a file", "large": "larger"}
    for name, words in refused.items():
        with pytest.raises(files.NotShown, match=words):
            files.read(str(tmp_path / name), (str(own),))
    with pytest.raises(files.NotShown, match="own"):
        files.read(files.resolve("link", str(tmp_path)), (str(own),))


def test_where_a_name_leads(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "in").symlink_to("there")
    assert files.resolve("in/new", str(tmp_path)) == str(tmp_path / "there" / "new")
    assert files.resolve("/etc/../etc/hosts", str(tmp_path)) == os.path.realpath("/etc/hosts")
    assert files.resolve("a\0b", str(tmp_path)) == ""
