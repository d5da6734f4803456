"""One large frame in each turn of the loop."""

from __future__ import annotations

from collections.abc import Callable

from claude_remote_broker.bulk_turn import LARGE, BulkTurn


def test_the_second_large_frame_waits_for_the_next_turn_and_small_ones_never() -> None:
    soon: list[Callable[[], None]] = []
    turn = BulkTurn(soon.append)
    assert not turn.is_over(LARGE)
    turn.take(LARGE)
    turn.take(LARGE)
    assert turn.is_over(LARGE)
    assert not turn.is_over(LARGE - 1)
    (next_turn,) = soon
    next_turn()
    assert not turn.is_over(LARGE)


def test_small_frames_take_nothing() -> None:
    soon: list[Callable[[], None]] = []
    turn = BulkTurn(soon.append)
    turn.take(LARGE - 1)
    assert not turn.is_over(LARGE)
    assert soon == []
