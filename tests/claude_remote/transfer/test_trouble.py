"""Unlucky and hostile cases: a clear error, nothing half-written, the rest goes on."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from claude_remote.errors import (
    BadMessage,
    IsFolder,
    NoSpace,
    NoSuchFile,
    NotAFile,
    OutsideRoots,
    RemoteError,
)
from claude_remote.transfer import folders, receiving, sizes
from claude_remote.transfer import records as r
from claude_remote.transfer.content import digest
from claude_remote.transfer.globbing import find_origins
from claude_remote.transfer.ground import Guard, land
from claude_remote.transfer.receiving import Receiver
from claude_remote.transfer.records import Record
from claude_remote.transfer.sending import Sender
from tests.claude_remote.transfer.stage import (
    FREE,
    Notes,
    converse,
    look,
    make_receiver,
    make_sender,
    silent,
)


def packet(*records: Record | tuple[Record, bytes]) -> bytes:
    made = r.Packet()
    for each in records:
        record, payload = each if isinstance(each, tuple) else (each, b"")
        made.add(record, payload)
    return bytes(made.view() or b"")


def whole(path: bytes, content: bytes = b"evil", n: int = 1) -> tuple[Record, bytes]:
    return r.Whole(n=n, path=path, mode=0o644, mtime=0, digest=digest(content)), content


def offer(path: bytes = b"f", size: int = 10, n: int = 1) -> Record:
    return r.Offer(n=n, path=path, mode=0o644, mtime=0, size=size)


def said(receiver: Receiver) -> list[Record]:
    answer = receiver.give()
    return [] if answer is None else [each.record for each in r.read(bytes(answer), r.FROM_RECEIVER)]


def failure(receiver: Receiver, path: bytes) -> str:
    """The code that a file is refused with."""
    n = 1
    receiver.take(packet(whole(path, n=n), r.Finish()))
    failed = [each for each in said(receiver) if isinstance(each, r.Failed)]
    receiver.close()
    return failed[0].code if failed else "done"


# --- the receiver and an earlier attempt that has not ended yet ------------------------------------------


def offset_beside_another(into: Path, *, again: bool, breathe: Callable[[], None]) -> int:
    """Where a receiver would go on with a file of which another one has the half, open: what its Go says."""
    landing = land(os.fsencode(into), into.parent, FREE, folder=True)
    receiver = Receiver(landing, FREE, breathe, again=again)
    receiver.take(packet(r.Start(upto=0), offer()))
    (go,) = [each for each in said(receiver) if isinstance(each, r.Go)]
    receiver.close()
    return go.offset


def test_what_an_earlier_attempt_has_is_waited_for(tmp_path: Path) -> None:
    """The server may notice later than its client that a connection is dead."""
    earlier = make_receiver(tmp_path)
    earlier.take(packet(r.Start(upto=0), offer(), r.Begin(n=1, offset=0), (r.Data(n=1), b"first")))
    assert offset_beside_another(tmp_path, again=False, breathe=silent) == 0
    assert offset_beside_another(tmp_path, again=True, breathe=earlier.close) == 5


def test_it_is_not_waited_for_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "_EARLIER_ENDS_WITHIN", 0.3)
    other = make_receiver(tmp_path)
    other.take(packet(r.Start(upto=0), offer(), r.Begin(n=1, offset=0), (r.Data(n=1), b"first")))
    assert offset_beside_another(tmp_path, again=True, breathe=silent) == 0
    other.close()


# --- the receiver and a hostile sender ------------------------------------------------------------------


@pytest.mark.parametrize("path", [b"../x", b"/etc/x", b"a/../../x", b"x\0", b".x.claude-remote.part"])
def test_a_hostile_name_lands_nowhere(tmp_path: Path, path: bytes) -> None:
    into = tmp_path / "into"
    into.mkdir()
    assert failure(make_receiver(into), path) == "bad-name"
    assert look(tmp_path).keys() == {b"", b"/into"}


def test_a_link_of_the_sender_is_not_followed(tmp_path: Path) -> None:
    into, outside = tmp_path / "into", tmp_path / "outside"
    into.mkdir()
    outside.mkdir()
    receiver = make_receiver(into)
    link = r.Link(n=1, path=b"l", mtime=0, target=os.fsencode(outside))
    receiver.take(packet(link, *[whole(b"x%d" % n, n=n) for n in range(2, 600)]))
    assert (into / "l").is_symlink()
    receiver.take(packet(whole(b"l/evil", n=600), r.Directory(n=601, path=b"l", mode=0o755, mtime=0)))
    receiver.take(packet(r.Leave(path=b"l", mode=0o777, mtime=0), r.Finish()))
    assert [each.code for each in said(receiver) if isinstance(each, r.Failed)] == ["not-a-file"] * 2
    receiver.close()
    assert not list(outside.iterdir())
    assert outside.stat().st_mtime != 0


def test_a_link_swapped_in_during_the_transfer_is_not_followed(tmp_path: Path) -> None:
    into, outside = tmp_path / "into", tmp_path / "outside"
    (into / "d" / "e").mkdir(parents=True)
    outside.mkdir()
    receiver = make_receiver(into)
    receiver.take(packet(offer(b"d/e/f", 4)))
    (into / "d").rename(into / "away")
    (into / "d").symlink_to(outside)
    receiver.take(
        packet(
            r.Begin(n=1, offset=0),
            (r.Data(n=1), b"evil"),
            r.End(n=1, size=4, digest=digest(b"evil")),
            whole(b"d/g", n=2),
            r.Finish(),
        )
    )
    receiver.close()
    assert not list(outside.iterdir())


def test_links_and_hard_links_in_place_of_the_part_are_not_written_to(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    part = tmp_path / ".f.claude-remote.part"
    for plant in (part.symlink_to, part.hardlink_to):
        plant(victim)
        assert failure(make_receiver(tmp_path / "f"), b"x") == "done"
        assert victim.read_bytes() == b"precious"
        assert (tmp_path / "f").read_bytes() == b"evil"
        assert not part.exists()


def test_a_link_as_destination_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "into").mkdir()
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "into" / "f").symlink_to(victim)
    assert failure(make_receiver(tmp_path / "into"), b"f") == "done"
    assert victim.read_bytes() == b"precious"
    assert not (tmp_path / "into" / "f").is_symlink()


def test_what_is_no_file_stays(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        assert failure(make_receiver(tmp_path), b"folder") == "is-folder"
        assert failure(make_receiver(tmp_path), b"fifo") == "not-a-file"
        assert failure(make_receiver(tmp_path), b"socket") == "not-a-file"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["fifo", "folder", "socket"]


@pytest.mark.parametrize("content", [b"x" * 11, b"x" * 100_000])
def test_more_than_announced_is_cut_off(tmp_path: Path, content: bytes) -> None:
    receiver = make_receiver(tmp_path / "f")
    receiver.take(packet(offer(), r.Begin(n=1, offset=0)))
    with pytest.raises(BadMessage, match="larger than announced"):
        receiver.take(packet((r.Data(n=1), content)))
    receiver.close()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "records",
    [
        [(r.Data(n=1), b"x")],
        [offer(), (r.Data(n=1), b"x")],
        [offer(), r.Begin(n=1, offset=5)],
        [offer(), r.Begin(n=1, offset=0), r.Begin(n=1, offset=0)],
        [offer(), r.Finish()],
        [offer(n=2)],
        [offer(), offer()],
        [r.End(n=7, size=0, digest=bytes(32))],
        [offer(b"f%d" % n, n=n) for n in range(1, 40)],
        [whole(b"f", b"x" * (sizes.INLINE + 1))],
        [r.Finish(), r.Finish()],
        [r.Go(n=1)],
        [r.Start(upto=5)],
        [whole(b"f"), r.Start(upto=0)],
    ],
)
def test_a_sender_that_does_not_keep_to_the_order_is_told(
    tmp_path: Path, records: list[Record | tuple[Record, bytes]]
) -> None:
    receiver = make_receiver(tmp_path)
    with pytest.raises(RemoteError) as told:
        for each in records:
            receiver.take(packet(each))
            receiver.give()
    assert told.value.code in {"bad-message", "unknown-message"}
    receiver.close()


@pytest.mark.parametrize(
    "made", [b"", b"\0" * 4, b"\0\0\0\1\0\0\0\0", b"\xff" * 100, b"x" * (sizes.PACKET + 1)]
)
def test_what_is_no_packet_is_refused(tmp_path: Path, made: bytes) -> None:
    receiver = make_receiver(tmp_path)
    with pytest.raises(RemoteError):
        receiver.take(made)
    receiver.close()


def test_damage_is_noticed(tmp_path: Path) -> None:
    receiver = make_receiver(tmp_path)
    receiver.take(packet((r.Whole(n=1, path=b"f", mode=0, mtime=0, digest=digest(b"good")), b"evil")))
    receiver.take(packet(offer(b"g", 4, 2), r.Begin(n=2, offset=0), (r.Data(n=2), b"evil")))
    receiver.take(packet(r.End(n=2, size=4, digest=digest(b"good")), r.Finish()))
    assert [each.code for each in said(receiver) if isinstance(each, r.Failed)] == ["damaged", "damaged"]
    receiver.close()
    assert not list(tmp_path.iterdir())


def test_two_things_do_not_arrive_under_one_name(tmp_path: Path) -> None:
    receiver = make_receiver(tmp_path / "one")
    with pytest.raises(BadMessage):
        receiver.take(packet(whole(b"a"), whole(b"b", n=2)))
    receiver.close()


# --- the disk -------------------------------------------------------------------------------------------


def test_no_space_is_told_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders.Folder, "free", lambda _self: 1000)
    receiver = make_receiver(tmp_path / "f")
    with pytest.raises(NoSpace):
        receiver.take(packet(offer(size=5000)))
    receiver.close()
    assert not list(tmp_path.iterdir())


def test_a_disk_that_gets_full_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(os.urandom(1_000_000))
    real = os.write
    written = 0

    def write(descriptor: int, content: bytes) -> int:
        nonlocal written
        written += len(content)
        if written > 600_000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, content)

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(NoSpace):
        converse(make_sender(tmp_path / "file"), make_receiver(tmp_path / "copy"))
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_may_not_be_written_to_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = tmp_path / "tree"
    (tree / "b").mkdir(parents=True)
    for name in ("a", "b/b", "c"):
        (tree / name).write_bytes(b"content")
    real = folders.Folder.write

    def write(self: folders.Folder, name: bytes, *, new: bool) -> int:
        if self.path.endswith(b"/b"):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return real(self, name, new=new)

    monkeypatch.setattr(folders.Folder, "write", write)
    there, here = Notes(), Notes()
    converse(make_sender(tree, notes=there), make_receiver(tmp_path / "copy", notes=here))
    assert there.of("failed") == here.of("failed") == [(b"tree/b/b", "not-permitted")]
    assert look(tmp_path / "copy").keys() == {b"", b"/a", b"/b", b"/c"}


# --- the sender's own side ------------------------------------------------------------------------------


def test_a_file_that_changes_while_it_is_read_is_not_kept(tmp_path: Path) -> None:
    for change in (lambda path: path.write_bytes(b"short"), os.utime):
        file = tmp_path / "file"
        file.write_bytes(os.urandom(2_000_000))
        there, here = Notes(), Notes()
        sender, receiver = make_sender(file, notes=there), make_receiver(tmp_path / "copy", notes=here)
        for _ in range(4):
            if sent := sender.give():
                receiver.take(bytes(sent))
            if answer := receiver.give():
                sender.take(bytes(answer))
        change(file)
        converse(sender, receiver)
        assert there.of("failed") == here.of("failed") == [(b"file", "changed")]
        assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_what_vanishes_or_is_no_file_is_left_out(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("a", "gone", "z"):
        (tree / name).write_bytes(name.encode())
    os.mkfifo(tree / "fifo")
    there, here = Notes(), Notes()
    sender = make_sender(tree, notes=there)
    real = folders.Folder.read

    def read(self: folders.Folder, name: bytes) -> int:
        if name == b"gone":
            (tree / "gone").unlink()
        return real(self, name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folders.Folder, "read", read)
        converse(sender, make_receiver(tmp_path / "copy", notes=here))
    assert (
        there.of("failed")
        == here.of("failed")
        == [
            (b"tree/fifo", "not-a-file"),
            (b"tree/gone", "no-such-file"),
        ]
    )
    assert look(tmp_path / "copy").keys() == {b"", b"/a", b"/z"}


def test_a_file_replaced_by_a_link_or_fifo_is_not_read(tmp_path: Path) -> None:
    tree, secret = tmp_path / "tree", tmp_path / "secret"
    tree.mkdir()
    secret.write_bytes(b"secret")
    (tree / "a").write_bytes(b"")
    (tree / "b").write_bytes(b"")
    here = Notes()
    sender = make_sender(tree)
    real = folders.Folder.names

    def names(self: folders.Folder) -> list[tuple[bytes, os.stat_result]]:
        found = real(self)
        (tree / "a").unlink()
        (tree / "a").symlink_to(secret)
        (tree / "b").unlink()
        os.mkfifo(tree / "b")
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folders.Folder, "names", names)
        converse(sender, make_receiver(tmp_path / "copy", notes=here))
    assert here.of("failed") == [(b"tree/a", "not-a-file"), (b"tree/b", "not-a-file")]
    assert look(tmp_path / "copy").keys() == {b""}


# --- roots, and what is our own ------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for folder in ("home/own/state", "home/work", "outside"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "home" / "own" / "key").write_bytes(b"secret")
    (tmp_path / "home" / "work" / "out").symlink_to(tmp_path / "outside")
    (tmp_path / "home" / "work" / "in").symlink_to(tmp_path / "home" / "own")
    (tmp_path / "outside" / "file").write_bytes(b"theirs")
    return tmp_path / "home"


BEYOND = ["../outside", "/", "/etc/passwd", "work/out", "work/out/file", "work/../../outside/file"]
OWN = ["own", "own/key", "own/state", "work/in", "work/in/key", "work/../own/new", "./own/."]


@pytest.mark.parametrize("asked", [*BEYOND, *OWN])
def test_nothing_is_taken_from_or_put_outside_the_roots(home: Path, asked: str) -> None:
    guard = Guard([home], [home / "own"])
    with pytest.raises(OutsideRoots):
        find_origins([asked.encode()], home, guard, recursive=True)
    with pytest.raises(OutsideRoots):
        land(asked.encode(), home, guard, folder=False)


def test_what_is_our_own_is_left_out_of_a_tree(home: Path) -> None:
    guard = Guard([home], [home / "own"])
    there = Notes()
    sender = Sender(find_origins([b"."], home, guard, recursive=True), guard, silent, progress=there)
    copy = home.parent / "copy"
    converse(sender, make_receiver(copy))
    assert there.of("failed") == [(b"home/own", "outside-roots")]
    assert look(copy).keys() == {b"", b"/work", b"/work/in", b"/work/out"}


def test_what_is_our_own_is_not_written_by_a_tree(home: Path, tmp_path: Path) -> None:
    evil = tmp_path / "evil" / "home"
    (evil / "own").mkdir(parents=True)
    (evil / "own" / "key").write_bytes(b"evil")
    (evil / "new").mkdir()
    here = Notes()
    guard = Guard([home], [home / "own", home / "new"])
    converse(
        make_sender(evil), make_receiver(tmp_path, guard=Guard([], [home / "own", home / "new"]), notes=here)
    )
    assert {each[1] for each in here.of("failed")} == {"outside-roots"}
    assert (home / "own" / "key").read_bytes() == b"secret"
    assert not (home / "new").exists()
    assert guard


def test_what_is_our_own_is_known_by_what_it_is_and_not_by_its_path(home: Path) -> None:
    guard = Guard([home], [home / "own"])
    (home / "own").rename(home / "moved")
    here = Notes()
    receiver = make_receiver(home, guard=guard, notes=here)
    receiver.take(packet(whole(b"moved/key"), r.Finish()))
    receiver.close()
    assert here.of("failed") == [(b"moved/key", "outside-roots")]


# --- what is asked for ----------------------------------------------------------------------------------


def test_patterns(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt", ".c.txt", "d[1]", "sub/e.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")

    def found(*asked: bytes) -> list[bytes]:
        return [each.name for each in find_origins(asked, tmp_path, FREE, recursive=False)]

    assert found(b"*.txt") == [b"a.txt", b"b.txt"]
    assert found(b"[ab].txt", b"su?/*") == [b"a.txt", b"b.txt", b"e.txt"]
    assert found(b"d[1]") == [b"d[1]"]
    with pytest.raises(NoSuchFile):
        found(b"*.doc")
    with pytest.raises(NoSuchFile):
        found(b"none")
    with pytest.raises(IsFolder):
        found(b"s*")
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(NotAFile):
        found(b"fifo")


def test_of_several_what_cannot_be_sent_is_left_out(tmp_path: Path) -> None:
    """A folder that a pattern matches and nobody has asked for, say: as by scp."""
    (tmp_path / "here").mkdir()
    for name in ("a.txt", "b.txt"):
        (tmp_path / "here" / name).write_text(name)
    (tmp_path / "here" / "c.folder").mkdir()
    os.mkfifo(tmp_path / "here" / "d.fifo")
    (tmp_path / "copy").mkdir()
    there, here = Notes(), Notes()
    asked = [b"here/*", b"nothing*", b"missing"]
    sender = Sender(find_origins(asked, tmp_path, FREE, recursive=False), FREE, silent, progress=there)
    converse(sender, make_receiver(tmp_path / "copy", notes=here))
    folder = os.fsencode(tmp_path / "here")
    left_out = [
        (folder + b"/c.folder", "is-folder"),
        (folder + b"/d.fifo", "not-a-file"),
        (b"nothing*", "no-such-file"),
        (b"missing", "no-such-file"),
    ]
    assert there.of("failed") == here.of("failed") == left_out
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == ["a.txt", "b.txt"]


def test_destinations_are_taken_as_cp_takes_them(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert land(b"folder", tmp_path, FREE, folder=False).name is None
    assert land(b"folder/", tmp_path, FREE, folder=True).name is None
    assert land(b"new", tmp_path, FREE, folder=False).name == b"new"
    for asked, folder in ((b"new", True), (b"new/", False), (b"new/file", False)):
        with pytest.raises(NoSuchFile):
            land(asked, tmp_path, FREE, folder=folder)


def test_two_that_write_the_same_destination_do_not_mix(tmp_path: Path) -> None:
    contents = [os.urandom(900_000) for _ in range(2)]
    pairs = []
    for number, content in enumerate(contents):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}" / "f").write_bytes(content)
        pairs.append((make_sender(tmp_path / f"{number}" / "f"), make_receiver(tmp_path / "f")))
    while not all(sender.over for sender, _ in pairs):
        for sender, receiver in pairs:
            if sent := sender.give():
                receiver.take(bytes(sent))
            if answer := receiver.give():
                sender.take(bytes(answer))
    for sender, receiver in pairs:
        sender.close()
        receiver.close()
    assert (tmp_path / "f").read_bytes() in contents
    assert sorted(each.name for each in tmp_path.iterdir()) == ["0", "1", "f"]


def test_of_a_file_of_which_nothing_came_nothing_is_left(tmp_path: Path) -> None:
    """Others that were offered meanwhile, when the disk gets full."""
    receiver = make_receiver(tmp_path)
    receiver.take(packet(offer(b"a"), offer(b"b", n=2), r.Begin(n=1, offset=0), (r.Data(n=1), b"x")))
    assert len(list(tmp_path.iterdir())) == 2
    receiver.close()
    assert [path.name for path in tmp_path.iterdir()] == [".a.claude-remote.part"]
