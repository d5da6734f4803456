"""Files whose size says nothing: those of /proc and /sys are what can be read of them, as for scp."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from claude_remote.errors import Changed
from claude_remote.transfer import sizes
from claude_remote.transfer.reading import Source
from tests.claude_remote.transfer.stage import FREE, Notes, converse, make_receiver, make_sender, silent

_HUGE = Path("/proc/kallsyms")


@pytest.mark.parametrize(
    "name",
    [
        "/proc/version",
        "/proc/filesystems",
        "/proc/self/limits",
        "/proc/sys/kernel/ostype",
        "/sys/class/net/lo/mtu",
    ],
)
def test_what_is_read_is_what_there_is(tmp_path: Path, name: str) -> None:
    if not Path(name).exists():
        pytest.skip("not on this machine")
    notes = Notes()
    converse(make_sender(Path(name).resolve(), notes=notes, plan=True), make_receiver(tmp_path / "copy"))
    assert notes.of("failed") == []
    assert (tmp_path / "copy").read_bytes() == Path(name).read_bytes() != b""


@pytest.mark.skipif(not _HUGE.exists(), reason="not on this machine")
def test_more_of_it_than_is_sent_in_one_piece(tmp_path: Path) -> None:
    there, here = Notes(), Notes()
    converse(make_sender(_HUGE, notes=there), make_receiver(tmp_path / "copy", notes=here))
    assert (there.of("failed"), here.of("failed")) == ([], [])
    content = (tmp_path / "copy").read_bytes()
    assert len(content) > 2 * sizes.INLINE
    assert content == _HUGE.read_bytes()


def test_what_is_only_a_hole_has_its_size(tmp_path: Path) -> None:
    for size in (1, 1000, sizes.INLINE, sizes.INLINE + 1, 1_000_000):
        path = tmp_path / f"hole-{size}"
        path.touch()
        os.truncate(path, size)
        converse(make_sender(path), make_receiver(tmp_path / "copy"))
        assert (tmp_path / "copy").read_bytes() == bytes(size)


@pytest.mark.parametrize("size", [0, 100])
def test_one_that_grows_meanwhile_has_changed(tmp_path: Path, size: int) -> None:
    """Also one that had nothing on the disk when it was opened."""
    path = tmp_path / "log"
    path.touch()
    os.truncate(path, size)
    with FREE.open(tmp_path) as folder:
        source = Source.open(folder, b"log", b"log", silent)
    with path.open("ab") as file:
        file.write(b"x" * 50)
    with pytest.raises(Changed):
        source.whole()
    source.close()
