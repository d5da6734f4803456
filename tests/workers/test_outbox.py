"""Whatever is lost, repeated or slow: the broker's journal ends up with every event, once, in order."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_remote import bus
from claude_remote.messages import Source
from claude_remote_workers.outbox import TOGETHER, Outbox
from claude_remote_workers.spill import Spill
from tests.workers.stage import Journal


def lease(first: int = 1) -> bus.Lease:
    return bus.Lease(session="s", epoch=2, next=first, claude_session="c", cwd="/")


@given(st.lists(st.sampled_from(["put", "take", "lose", "ack", "reconnect"]), max_size=60))
def test_nothing_is_lost_and_nothing_comes_twice(steps: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        spill = Spill(Path(folder), "s", 2, limit=10_000)
        outbox, journal, written = Outbox(lease(), spill, memory=40), Journal(), 0

        def hand_over() -> None:
            for batch, lines in outbox.take():
                journal.take(batch, lines)

        for step in steps:
            match step:
                case "put":
                    outbox.put(b"event %d\n" % written + b"event %d\n" % (written + 1), 2, Source.CLAUDE, 0.0)
                    written += 2
                case "take":
                    hand_over()
                case "lose":  # they were sent, and the link broke: until a Welcome nothing is sent
                    list(outbox.take())
                    outbox.send_again(len(journal.lines))
                case "ack":
                    outbox.acknowledge(len(journal.lines))
                case "reconnect":
                    outbox.send_again(max(len(journal.lines) - 1, outbox.acked))
        hand_over()
        assert [line for _, line in journal.lines] == [b"event %d" % number for number in range(written)]
        outbox.acknowledge(written)
        assert outbox.empty
        assert outbox.acked == written
        outbox.close()
        assert list(Path(folder).iterdir()) == []


def test_numbers_go_on_where_the_lease_says(tmp_path: Path) -> None:
    outbox = Outbox(lease(first=41), Spill(tmp_path, "s", 2, 100))
    outbox.put(b"a\nb\n", 2, Source.CLAUDE, 1.0)
    outbox.put(b"c\n", 1, Source.FACT, 2.0)
    assert [(batch.first, batch.count, batch.epoch) for batch, _ in outbox.take()] == [(41, 2, 2), (43, 1, 2)]
    assert (outbox.acked, outbox.next) == (40, 44)


def test_a_window_bounds_what_is_under_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus, "WINDOW", 10)
    outbox = Outbox(lease(), Spill(tmp_path, "s", 2, 100))
    for number in range(4):
        outbox.put(b"1234\n", 1, Source.CLAUDE, 5.0 * number)
    outbox.put(b"a line that is longer than the window\n", 1, Source.CLAUDE, 20.0)
    assert [batch.first for batch, _ in outbox.take()] == [1, 2]
    outbox.acknowledge(1)
    assert [batch.first for batch, _ in outbox.take()] == [3]
    outbox.acknowledge(2)
    assert [batch.first for batch, _ in outbox.take()] == [4]
    assert list(outbox.take()) == []
    outbox.acknowledge(4)
    assert [batch.first for batch, _ in outbox.take()] == [5]


def test_what_waits_for_an_acknowledgement_is_put_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "WINDOW_BATCHES", 2)
    outbox = Outbox(lease(), Spill(tmp_path, "s", 2, 100))

    def spoken(line: bytes, source: Source = Source.CLAUDE, at: float = 0.0) -> list[tuple[int, int, bytes]]:
        outbox.put(line, 1, source, at)
        return [(batch.first, batch.count, lines) for batch, lines in outbox.take()]

    assert spoken(b"a\n") == [(1, 1, b"a\n")]
    assert spoken(b"b\n") == [(2, 1, b"b\n")]
    assert spoken(b"c\n") == spoken(b"d\n") == spoken(b"x" * TOGETHER) == spoken(b"e\n", Source.FACT) == []
    assert spoken(b"f\n", at=5.0) == []
    outbox.acknowledge(1)
    assert [(batch.first, lines) for batch, lines in outbox.take()] == [(3, b"c\nd\n")]
    outbox.acknowledge(4)
    assert [batch.first for batch, _ in outbox.take()] == [5, 6]
    outbox.acknowledge(6)
    assert [(batch.first, batch.at) for batch, _ in outbox.take()] == [(7, 5.0)]
    assert outbox.kept == 2
    outbox.close()


def test_what_the_disk_does_not_take_stays_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    outbox = Outbox(lease(), Spill(tmp_path / "file" / "spill", "s", 2, 1000), memory=0)
    outbox.put(b"a\n", 1, Source.CLAUDE, 0.0)
    assert [lines for _, lines in outbox.take()] == [b"a\n"]
    assert not outbox.full
