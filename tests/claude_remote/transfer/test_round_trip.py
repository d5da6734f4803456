"""What is sent is what arrives: bytes, modes, times, links, names; also after any break."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings

from claude_remote.transfer import sizes
from claude_remote.transfer.progress import Checkpoint
from tests.claude_remote.transfer.stage import (
    TREES,
    Cut,
    Notes,
    Tree,
    converse,
    look,
    make_receiver,
    make_sender,
    plant,
)


@settings(max_examples=60, deadline=None)
@given(tree=TREES)
def test_a_tree_arrives_as_it_was(tree: Tree) -> None:
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        plant(tree, os.fsencode(top / "tree"))
        converse(make_sender(top / "tree"), make_receiver(top / "copy"))
        assert look(top / "copy") == look(top / "tree")
        shutil.rmtree(top / "copy")
        (top / "copy").mkdir()
        converse(make_sender(top / "tree"), make_receiver(top / "copy"))
        assert look(top / "copy" / "tree") == look(top / "tree")


def make_tree(top: Path) -> Path:
    tree = top / "tree"
    (tree / "a" / "b").mkdir(parents=True)
    (tree / "empty").mkdir(mode=0o500)
    for number in range(300):
        (tree / "a" / f"small {number}").write_bytes(os.urandom(number * 7))
    for number, size in enumerate((sizes.INLINE, sizes.INLINE + 1, sizes.PACKET, 900_001, 2 * sizes.PACKET)):
        (tree / f"large {number}").write_bytes(os.urandom(size))
        (tree / "a" / "b" / f"large {number}").write_bytes(os.urandom(size + 1))
    (tree / "z link").symlink_to("nowhere")
    (tree / "a").chmod(0o700)
    return tree


def test_a_transfer_goes_on_after_a_break_at_every_packet(tmp_path: Path) -> None:
    tree = make_tree(tmp_path)
    wanted = look(tree)
    packets = 0
    while True:
        packets += 1
        copy = tmp_path / f"copy {packets}"
        copy.mkdir()
        sender, receiver = make_sender(tree), make_receiver(copy)
        try:
            converse(sender, receiver, packets=packets)
        except Cut:
            pass
        else:
            break
        notes = Notes()
        # A get knows what the receiver has, a put what the sender was told.
        after = receiver.checkpoint if packets % 2 else sender.checkpoint
        again = make_sender(tree, after=after)
        converse(again, make_receiver(copy, after=Checkpoint(*after), notes=notes))
        assert look(copy / "tree") == wanted
        if packets > 8:
            assert notes.count < sum(len(each.content) for each in wanted.values())
        shutil.rmtree(copy)
    assert packets > 15
    assert look(copy / "tree") == wanted


@pytest.mark.parametrize("held", [0, 1, 1000, sizes.PACKET - 1, sizes.PACKET, sizes.PACKET + 1, 1_000_000])
def test_a_file_goes_on_inside_a_chunk(tmp_path: Path, held: int) -> None:
    content = os.urandom(1_000_000)
    (tmp_path / "file").write_bytes(content)
    (tmp_path / ".copy.claude-remote.part").write_bytes(content[:held])
    notes = Notes()
    converse(make_sender(tmp_path / "file"), make_receiver(tmp_path / "copy", notes=notes))
    assert (tmp_path / "copy").read_bytes() == content
    assert notes.count == 1_000_000 - held
    assert notes.of("resumed") == ([(b"file", held)] if held else [])
    assert sorted(each.name for each in tmp_path.iterdir()) == ["copy", "file"]


@pytest.mark.parametrize("other", [b"x", b"x" * 300_000, os.urandom(2_000_000)])
def test_what_is_there_of_another_file_is_not_gone_on_with(tmp_path: Path, other: bytes) -> None:
    content = os.urandom(1_000_000)
    (tmp_path / "file").write_bytes(content)
    (tmp_path / ".copy.claude-remote.part").write_bytes(other)
    notes = Notes()
    converse(make_sender(tmp_path / "file"), make_receiver(tmp_path / "copy", notes=notes))
    assert (tmp_path / "copy").read_bytes() == content
    assert notes.count == 1_000_000


def test_a_tree_that_changed_during_a_break_is_sent_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizes, "BATCH", 64)
    tree = make_tree(tmp_path)
    copy = tmp_path / "copy"
    copy.mkdir()
    sender, receiver = make_sender(tree), make_receiver(copy)
    with pytest.raises(Cut):
        converse(sender, receiver, packets=12)
    assert sender.checkpoint.upto > 100
    (tree / "a" / "small 1").write_bytes(b"changed")
    again = make_sender(tree, after=sender.checkpoint)
    assert again.checkpoint == Checkpoint()
    converse(again, make_receiver(copy))
    assert look(copy / "tree") == look(tree)


def test_what_there_is_is_told_before_if_it_is_asked_for(tmp_path: Path) -> None:
    tree = make_tree(tmp_path)
    there, here = Notes(), Notes()
    converse(make_sender(tree, notes=there, plan=True), make_receiver(tmp_path / "copy", notes=here))
    size = sum(len(each.content) for each in look(tree).values()) - len("nowhere")
    assert there.of("planned") == here.of("planned") == [(310, size)]
    assert len(there.of("done")) == len(here.of("done")) == 310
    assert there.count == here.count == size
