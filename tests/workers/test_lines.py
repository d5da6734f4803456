"""Lines come out whole however the bytes were cut, and one that is too long harms only itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from claude_remote_workers.lines import Lines


@given(st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b""))), st.data())
def test_any_cut_gives_the_same_lines(lines: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    framer, out, place = Lines(limit=11), b"", 0
    while place < len(stream):
        step = data.draw(st.integers(1, len(stream) - place))
        out += framer.feed(stream[place : place + step])
        place += step
    assert framer.pending == 0
    # Inside one piece no line is measured: only what has to be kept is limited.
    kept = out.split(b"\n")[:-1]
    left_out = framer.take_left_out()
    assert len(kept) + len(left_out) == len(lines)
    assert [line for line in lines if len(line) <= 10] == [line for line in kept if len(line) <= 10]
    assert all(size > 11 for size in left_out)


def test_a_line_without_end_is_not_kept() -> None:
    framer = Lines(limit=100)
    for _ in range(1000):
        assert framer.feed(b"x" * 50) == b""
    assert framer.feed(b"y\nz\n") == b"z\n"
    assert framer.take_left_out() == [50_002]
    assert framer.take_left_out() == []
