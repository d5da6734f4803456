"""A file without a name on one of the ends: what comes from a pipe, and what goes into one."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from claude_remote.errors import BadMessage, Changed, Damaged, IsFolder, RemoteError
from claude_remote.transfer import records as r
from claude_remote.transfer import sizes
from claude_remote.transfer.content import Breathe, digest
from claude_remote.transfer.sending import Sender
from claude_remote.transfer.streams import Stream, StreamReceiver
from claude_remote.transfer.walking import Stream as Input
from tests.claude_remote.transfer.stage import (
    FREE,
    Cut,
    Notes,
    converse,
    make_receiver,
    make_sender,
    silent,
)


class Taken:
    """Takes what is written."""

    def __init__(self) -> None:
        self.content = b""

    def write(self, payload: memoryview, _breathe: Breathe) -> None:
        self.content += payload


def piped(content: bytes) -> tuple[int, threading.Thread]:
    """A pipe that this comes out of, and who writes it."""
    reader, writer = os.pipe()

    def write() -> None:
        with open(writer, "wb") as file:
            file.write(content)

    thread = threading.Thread(target=write)
    thread.start()
    return reader, thread


@pytest.mark.parametrize("size", [0, 1, sizes.INLINE, 1_000_000])
def test_what_comes_from_a_pipe_becomes_a_file(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    reader, thread = piped(content)
    notes = Notes()
    sender = Sender([Input(b"stdin", reader)], FREE, silent, progress=notes)
    converse(sender, make_receiver(tmp_path / "file"))
    thread.join()
    os.close(reader)
    assert (tmp_path / "file").read_bytes() == content
    assert notes.of("began") == [(b"stdin", None)]
    assert notes.count == size
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_who_waits_for_a_pipe_breathes(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    breaths = []

    def breathe() -> None:
        breaths.append(1)
        if len(breaths) == 2:
            os.write(writer, b"late")
            os.close(writer)

    sender = Sender([Input(b"stdin", reader)], FREE, breathe)
    converse(sender, make_receiver(tmp_path / "file"))
    os.close(reader)
    assert (tmp_path / "file").read_bytes() == b"late"


@pytest.mark.parametrize("size", [0, 10, 1_000_000])
def test_a_file_goes_into_a_stream(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    (tmp_path / "file").write_bytes(content)
    taken = Taken()
    converse(make_sender(tmp_path / "file"), StreamReceiver(Stream(taken.write), silent))
    assert taken.content == content


def test_a_stream_goes_on_where_it_was(tmp_path: Path) -> None:
    content = os.urandom(2_000_000)
    (tmp_path / "file").write_bytes(content)
    taken = Taken()
    stream = Stream(taken.write)
    with pytest.raises(Cut):
        converse(make_sender(tmp_path / "file"), StreamReceiver(stream, silent), packets=4)
    assert 0 < len(taken.content) < len(content)
    notes = Notes()
    converse(make_sender(tmp_path / "file", notes=notes), StreamReceiver(stream, silent))
    assert taken.content == content
    assert notes.count < len(content)
    # What has been written cannot be taken back.
    other = Stream(Taken().write)
    with pytest.raises(Cut):
        converse(make_sender(tmp_path / "file"), StreamReceiver(other, silent), packets=4)
    (tmp_path / "file").write_bytes(os.urandom(2_000_000))
    with pytest.raises(Changed):
        converse(make_sender(tmp_path / "file"), StreamReceiver(other, silent))


def test_only_one_file_goes_into_a_stream(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    for each in ("a", "b"):
        (tmp_path / each).write_bytes(b"content")
    with pytest.raises(IsFolder):
        converse(make_sender(tmp_path / "tree"), StreamReceiver(Stream(Taken().write), silent))
    with pytest.raises(BadMessage):
        converse(make_sender(tmp_path / "a", tmp_path / "b"), StreamReceiver(Stream(Taken().write), silent))


OFFER = r.Offer(n=1, path=b"f", mode=0, mtime=0, size=4)
WHOLE = r.Whole(n=1, path=b"f", mode=0, mtime=0, digest=digest(b"good"))
BEGIN, DATA = r.Begin(n=1, offset=0), r.Data(n=1)
END = r.End(n=1, size=4, digest=digest(b"good"))


@pytest.mark.parametrize(
    ("records", "error"),
    [
        ([(WHOLE, b"evil")], Damaged),
        ([(OFFER, b""), (BEGIN, b""), (DATA, b"evil"), (END, b"")], Damaged),
        ([(OFFER, b""), (DATA, b"x")], BadMessage),
        ([(OFFER, b""), (BEGIN, b""), (BEGIN, b"")], BadMessage),
        ([(OFFER, b""), (r.Begin(n=1, offset=2), b"")], Changed),
        ([(OFFER, b""), (BEGIN, b""), (r.Finish(), b"")], BadMessage),
        ([(r.Finish(), b"")], BadMessage),
        ([(END, b"")], BadMessage),
        ([(r.Skip(n=1, path=b"f", code="changed", words="It was changed."), b"")], Changed),
    ],
)
def test_a_sender_that_is_wrong_is_told(
    records: list[tuple[r.Record, bytes]], error: type[RemoteError]
) -> None:
    receiver = StreamReceiver(Stream(Taken().write), silent)
    packet = r.Packet()
    for record, payload in records:
        packet.add(record, payload)
    with pytest.raises(error):
        receiver.take(bytes(packet.view() or b""))


def test_nobody_waits_when_nothing_gets_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file whose batch is not full, and behind it more entries than may be under way."""
    monkeypatch.setattr(sizes, "AHEAD", 64)
    monkeypatch.setattr(sizes, "BATCH", 16)
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a").write_bytes(b"small")
    for number in range(300):
        os.mkfifo(tree / f"fifo {number}")
    notes = Notes()
    converse(make_sender(tree), make_receiver(tmp_path / "copy", notes=notes))
    assert len(notes.of("failed")) == 300
    assert (tmp_path / "copy" / "a").read_bytes() == b"small"


def test_packets_are_never_too_long(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    deep = tree / ("d" * 200) / ("e" * 200)
    deep.mkdir(parents=True)
    for number in range(40):
        (deep / f"{number} {'f' * 200}").write_bytes(os.urandom(sizes.INLINE - number))
        (deep / f"{number} large").write_bytes(os.urandom(sizes.INLINE + 1 + number * 7919))
    lengths = []
    sender = make_sender(tree)
    give: Callable[[], memoryview | None] = sender.give

    def measured() -> memoryview | None:
        packet = give()
        lengths.append(len(packet or b""))
        return packet

    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:
        patch.setattr(sender, "give", measured)
        converse(sender, make_receiver(tmp_path / "copy"))
    assert max(lengths) <= sizes.PACKET
    assert sum(lengths) / len(lengths) > sizes.PACKET / 3


def test_what_was_begun_is_written_though_the_link_is_lost_meanwhile() -> None:
    """Else the next connection would go on in the midst of it, and its beginning be written twice."""
    written: list[bytes] = []

    def write(payload: memoryview, breathe: Breathe) -> None:
        written.append(bytes(payload[:2]))
        breathe()  # nobody reads just now
        written.append(bytes(payload[2:]))

    def lost() -> None:
        raise Cut

    stream = Stream(write)
    with pytest.raises(Cut):
        stream.add(memoryview(b"piece"), lost)
    assert b"".join(written) == b"piece"
    assert (stream.size, stream.hash.digest()) == (5, digest(b"piece"))
