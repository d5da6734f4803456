from __future__ import annotations

import multiprocessing
import os
import socket
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from claude_remote import files
from claude_remote.errors import Misconfigured

posix = pytest.mark.skipif(os.name != "posix", reason="modes are of posix")


def test_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    files.replace(path, b"one")
    files.replace(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_replacement_leaves_the_old_and_no_rest(tmp_path: Path) -> None:
    folder_in_the_way = tmp_path / "file"
    (folder_in_the_way / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match=r"."):
        files.replace(folder_in_the_way, b"one")
    assert list(tmp_path.iterdir()) == [folder_in_the_way]


@posix
def test_private_whatever_the_umask_is(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        files.replace(tmp_path / "new" / "file", b"")
        with files.private_umask():
            (tmp_path / "other").touch(0o666)
        (tmp_path / "shared").touch(0o666)
    finally:
        os.umask(before)
    modes = {
        name: stat.S_IMODE((tmp_path / name).stat().st_mode)
        for name in ("new", "new/file", "other", "shared")
    }
    assert modes == {"new": 0o700, "new/file": 0o600, "other": 0o600, "shared": 0o666}


@posix
def test_a_socket_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with socket.socket(socket.AF_UNIX) as listening, files.private_socket(tmp_path / "socket"):
            listening.bind(str(tmp_path / "socket"))
            assert stat.S_IMODE((tmp_path / "socket").stat().st_mode) & 0o077 == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "socket").stat().st_mode) == 0o600


def test_kept_aside_under_a_free_name(tmp_path: Path) -> None:
    for content in ("one", "two", "three"):
        (tmp_path / "file").write_text(content)
        files.keep_aside(tmp_path / "file", ".old")
    names = ["file.old", "file.old-2", "file.old-3"]
    assert [(tmp_path / name).read_text() for name in names] == ["one", "two", "three"]


def _count_up(path: Path) -> None:
    for _ in range(20):
        with files.locked(path):
            path.write_text(str(int(path.read_text()) + 1))


def test_the_lock_holds_among_processes(tmp_path: Path) -> None:
    path = tmp_path / "number"
    path.write_text("0")
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        pool.map_async(_count_up, [path] * 3, chunksize=1).get(timeout=60)
    assert path.read_text() == "60"


def test_the_lock_holds_among_threads(tmp_path: Path) -> None:
    path = tmp_path / "number"
    path.write_text("0")
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(_count_up, [path] * 3))
    assert path.read_text() == "60"


def test_a_lock_that_nobody_lets_go_of_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LOCK_PATIENCE", 0.05)
    with (
        files.locked(tmp_path / "file"),
        pytest.raises(Misconfigured, match=r"\.file\.lock"),
        files.locked(tmp_path / "file"),
    ):
        pytest.fail("two at once")


def test_the_lock_is_free_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError), files.locked(tmp_path / "file"):
        raise KeyError
    with files.locked(tmp_path / "file"):
        pass


@posix
def test_the_umask_is_as_before_whoever_else_changes_it(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        first_inside, second_waits = threading.Event(), threading.Event()

        def first() -> None:
            with files.private_umask():
                first_inside.set()
                # As long as it takes the other to come to the same place.
                second_waits.wait(10)

        def second() -> None:
            first_inside.wait(10)
            second_waits.set()
            with files.private_umask():
                pass

        threads = [threading.Thread(target=target) for target in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        for number in range(50):
            makers = [
                threading.Thread(target=files.make_private_folder, args=(tmp_path / f"{number}-{each}",))
                for each in range(4)
            ]
            for maker in makers:
                maker.start()
            for maker in makers:
                maker.join(10)
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)
