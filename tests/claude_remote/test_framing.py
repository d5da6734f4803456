from __future__ import annotations

import itertools
import os
from contextlib import closing
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_remote.errors import BadFrame
from claude_remote.framing import LONG, MAX_HEADER, MAX_PAYLOAD, PREFIX, Decoder, Frame, encode, parts

FRAMES = st.lists(st.builds(Frame, st.binary(min_size=1, max_size=50), st.binary(max_size=80)), max_size=12)


def cut(stream: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(place % (len(stream) + 1) for place in cuts), len(stream)]
    return [stream[start:end] for start, end in pairwise(places)]


@given(FRAMES, st.lists(st.integers(0, 5000), max_size=20))
def test_the_same_frames_however_the_stream_was_cut(frames: list[Frame], cuts: list[int]) -> None:
    stream = b"".join(encode(*frame) for frame in frames)
    decoder = Decoder()
    assert [frame for piece in cut(stream, cuts) for frame in decoder.feed(piece)] == frames
    assert decoder.pending == 0


@given(FRAMES)
def test_the_same_frames_byte_by_byte(frames: list[Frame]) -> None:
    decoder = Decoder()
    found = [
        frame
        for byte in b"".join(encode(*frame) for frame in frames)
        for frame in decoder.feed(memoryview(bytes([byte])))
    ]
    assert found == frames


@given(
    st.lists(st.integers(0, 3 * LONG), min_size=1, max_size=4),
    st.lists(st.integers(1, LONG), min_size=1, max_size=30),
    st.booleans(),
)
def test_long_payloads_are_received_in_place(sizes: list[int], steps: list[int], fed: bool) -> None:
    """`steps`: how much each call brings, again and again; `fed`: not all of it is received in place."""
    frames = [Frame(b"%d" % size, os.urandom(size)) for size in sizes]
    stream = memoryview(b"".join(encode(*frame) for frame in frames))
    decoder = Decoder()
    found: list[Frame] = []
    for number, step in enumerate(itertools.cycle(steps)):
        waiting = decoder.waiting
        assert decoder.pending or not waiting
        if waiting and not (fed and number % 3):
            count = min(step, len(waiting), len(stream))
            waiting[:count] = stream[:count]
            found += decoder.received(count)
        else:
            count = min(step, len(stream))
            found += decoder.feed(stream[:count])
        stream = stream[count:]
        if not stream:
            break
    assert found == frames
    assert decoder.pending == 0
    assert not decoder.waiting


def test_what_is_announced_and_too_long_gets_no_room() -> None:
    decoder = Decoder()
    with pytest.raises(BadFrame):
        list(decoder.feed(PREFIX.pack(1, MAX_PAYLOAD + 1) + b"h"))
    assert not decoder.waiting


def test_who_stops_reading_gets_the_rest_later() -> None:
    """As the broker does when it is the turn of others."""
    frames = [Frame(b"long", bytes(LONG)), Frame(b"a", b"1"), Frame(b"b", b"2")]
    stream = b"".join(encode(*frame) for frame in frames)
    decoder = Decoder()
    list(decoder.feed(stream[:100]))
    with closing(decoder.feed(stream[100:])) as decoded:
        first = next(decoded)
    assert decoder.pending == len(stream) - len(encode(*frames[0]))
    assert [first, *decoder.feed(b"")] == frames


def test_the_largest_frame() -> None:
    largest = Frame(b"h" * MAX_HEADER, b"p" * MAX_PAYLOAD)
    assert list(Decoder().feed(encode(*largest))) == [largest]


@pytest.mark.parametrize("frame", [(b"h" * (MAX_HEADER + 1), b""), (b"h", b"p" * (MAX_PAYLOAD + 1))])
def test_our_own_side_sends_nothing_larger(frame: tuple[bytes, bytes]) -> None:
    with pytest.raises(ValueError, match="exceeds the limits"):
        encode(*frame)


@pytest.mark.parametrize(
    "prefix",
    [(0, 0), (MAX_HEADER + 1, 0), (2**32 - 1, 0), (1, MAX_PAYLOAD + 1), (1, 2**32 - 1)],
)
def test_a_broken_frame_ends_it_before_anything_is_kept(prefix: tuple[int, int]) -> None:
    decoder = Decoder()
    with pytest.raises(BadFrame, match="announced"):
        list(decoder.feed(PREFIX.pack(*prefix)))
    assert decoder.pending <= PREFIX.size


def test_frames_before_a_broken_one_are_still_given() -> None:
    found = []
    with pytest.raises(BadFrame):
        for frame in Decoder().feed(encode(b"good") + PREFIX.pack(0, 0)):
            found.append(frame)  # noqa: PERF402  what was found must outlive the error
    assert found == [Frame(b"good", b"")]


def test_a_smaller_limit_for_strangers() -> None:
    with pytest.raises(BadFrame):
        list(Decoder(max_payload=10).feed(encode(b"h", b"p" * 11)))
    assert list(Decoder(max_payload=10).feed(encode(b"h", b"p" * 10))) == [Frame(b"h", b"p" * 10)]


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_rubbish_gives_frames_or_bad_frame_and_keeps_no_more_than_one_frame(pieces: list[bytes]) -> None:
    decoder = Decoder()
    try:
        for piece in pieces:
            for frame in decoder.feed(piece):
                assert 0 < len(frame.header) <= MAX_HEADER
                assert len(frame.payload) <= MAX_PAYLOAD
            assert decoder.pending < PREFIX.size + MAX_HEADER + MAX_PAYLOAD
    except BadFrame:
        pass


@given(st.integers(0, 200_000))
def test_parts_are_the_frame(size: int) -> None:
    payload = bytes(size)
    assert b"".join(parts(b"header", payload)) == encode(b"header", payload)
