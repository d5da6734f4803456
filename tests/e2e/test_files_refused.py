"""`get` and `put` where the system refuses: server and client are run by somebody who is not root."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.lab import Client, Lab
from tests.e2e.users import somebody

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with tempfile.TemporaryDirectory(prefix="cr-user-") as folder, Lab(somebody(Path(folder))) as lab:
        lab.start()
        yield lab


@pytest.fixture(scope="module")
def alice(lab: Lab) -> Client:
    alice = lab.approved("alice", rights="full")
    assert alice.run("exec", "id", "-u").out != "0\n"
    (alice.home / "file").write_text("content")
    (alice.home / "large").write_bytes(os.urandom(300_000))
    (alice.home / "tree" / "below").mkdir(parents=True)
    for name in ("tree/a", "tree/below/b", "tree/below/c"):
        (alice.home / name).write_text(name)
    return alice


@pytest.fixture(scope="module")
def shut(lab: Lab) -> Path:
    """A folder that he may list, with a file that he may read."""
    folder = lab.home / "shut"
    folder.mkdir()
    (folder / "there").write_text("as it was")
    folder.chmod(0o555)
    return folder


@pytest.mark.parametrize("to", ["shut", "shut/file", "shut/there"])
@pytest.mark.parametrize("name", ["file", "large"])
def test_where_nothing_may_be_written(alice: Client, shut: Path, name: str, to: str) -> None:
    """It is said which end it is that refuses."""
    ran = alice.run("put", name, to)
    place = shut / (name if to == "shut" else Path(to).name)
    assert (ran.code, ran.err) == (4, f"claude-remote: cannot write {place}: Permission denied\n"), ran
    assert [path.name for path in shut.iterdir()] == ["there"]
    assert (shut / "there").read_text() == "as it was"


def test_what_is_below_a_folder_that_cannot_be_made_is_not_told_one_by_one(alice: Client, shut: Path) -> None:
    ran = alice.run("put", "-r", "tree", "file", "shut")
    assert ran.code == 4, ran
    assert ran.err.splitlines() == [
        f"claude-remote: cannot write {shut}/tree: Permission denied",
        f"claude-remote: cannot write {shut}/file: Permission denied",
        "claude-remote: 4 more were left out with them, for they are below these",
    ]


def test_what_may_not_be_read(lab: Lab, alice: Client) -> None:
    top = lab.home / "some"
    (top / "closed").mkdir(parents=True)
    for name in ("readable", "secret", "closed/inside"):
        (top / name).write_text(name)
    (top / "secret").chmod(0)
    (top / "closed").chmod(0)
    try:
        ran = alice.run("get", "-r", "some", ".")
        assert ran.code == 4, ran
        assert ran.err.splitlines() == [
            "claude-remote: some/closed: Permission denied",
            "claude-remote: some/secret: Permission denied",
        ]
        assert [path.name for path in (alice.home / "some").iterdir()] == ["readable"]
        ran = alice.run("get", "some/closed/*", ".")
        assert (ran.code, f"cannot look into {top}/closed: Permission denied" in ran.err) == (4, True), ran
        ran = alice.run("get", "some/*", ".")
        assert (ran.code, (alice.home / "readable").read_text()) == (2, "readable"), ran  # a folder, first
    finally:
        (top / "closed").chmod(0o755)


def test_where_nothing_may_be_written_here(lab: Lab, alice: Client) -> None:
    (lab.home / "theirs").write_text("theirs")
    folder = alice.home / "locked"
    folder.mkdir()
    folder.chmod(0o555)
    ran = alice.run("get", "theirs", "locked")
    assert (ran.code, ran.err) == (4, f"claude-remote: cannot write {folder}/theirs: Permission denied\n"), (
        ran
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second user")
@pytest.mark.parametrize("mode", [0o644, 0o666])
def test_a_file_of_another_in_a_folder_as_tmp(lab: Lab, alice: Client, mode: int) -> None:
    """Nothing is left beside it, and it stays as it is."""
    folder = lab.home / f"sticky-{mode}"
    folder.mkdir()
    folder.chmod(0o1777)
    (folder / "roots").write_text("root's")
    (folder / "roots").chmod(mode)
    for name in ("file", "large"):
        ran = alice.run("put", name, f"{folder.name}/roots")
        assert ran.code == 4, ran
        assert ran.err == f"claude-remote: cannot write {folder}/roots: Operation not permitted\n"
    assert [path.name for path in folder.iterdir()] == ["roots"]
    assert (folder / "roots").read_text() == "root's"


def test_names_that_are_too_long(lab: Lab, alice: Client) -> None:
    assert alice.run("put", "file", "n" * 255).code == 0
    assert alice.run("get", "n" * 255, ".").code == 0
    assert (alice.home / ("n" * 255)).read_text() == "content"
    for ran in (alice.run("put", "file", "n" * 256), alice.run("get", "n" * 256, ".")):
        assert (ran.code, "File name too long" in ran.err) == (2, True), ran
    assert not [path for path in lab.home.iterdir() if path.name.endswith(".part")]


@pytest.fixture
def small(lab: Lab) -> Iterator[Path]:
    """A disk of 1 MiB and 20 files, in the server's home."""
    folder = lab.home / "small"
    folder.mkdir()
    options = "size=1m,nr_inodes=20,mode=777"
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()


def test_no_space(alice: Client, small: Path) -> None:
    (alice.home / "huge").write_bytes(bytes(3_000_000))
    ran = alice.run("put", "huge", "small/as")
    words = f"claude-remote: there is no space in {small} for the 3000000 bytes of as\n"
    assert (ran.code, ran.err) == (3, words), ran
    ran = alice.run("put", "-", "small/stream", stdin=bytes(1_060_000))
    words = f"claude-remote: cannot write {small}/stream: No space left on device\n"
    assert (ran.code, ran.err) == (3, words), ran
    assert list(small.iterdir()) == []
    many = alice.home / "many"
    many.mkdir()
    for number in range(40):
        (many / f"{number}").write_bytes(b"x" * 10)
    ran = alice.run("put", "-r", "many", "small")
    assert (ran.code, ran.err.count("\n"), "No space left on device" in ran.err) == (3, 1, True), ran
    assert not list(small.rglob(".*"))
