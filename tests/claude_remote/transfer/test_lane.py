"""A file's content in a thread of its own: in order, bounded, and never silent about what went wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from claude_remote.transfer import sizes
from claude_remote.transfer.lane import Lane


def piece(number: int) -> memoryview:
    return memoryview(b"%d" % number)


def quiet() -> None:
    pass


Make = Callable[[Callable[[memoryview], None]], Lane]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Lane] = []

    def one(work: Callable[[memoryview], None]) -> Lane:
        made.append(Lane(work))
        return made[-1]

    yield one
    for lane in made:
        lane.stop()


def test_everything_is_done_in_order_when_it_has_finished(make: Make) -> None:
    done: list[bytes] = []
    lane = make(lambda content: done.append(bytes(content)))
    for number in range(100):
        lane.put(piece(number), quiet)
    lane.finish(quiet)
    assert done == [b"%d" % number for number in range(100)]


def test_who_is_too_far_ahead_waits_and_breathes(make: Make) -> None:
    go_on = threading.Event()
    done: list[bytes] = []

    def work(content: memoryview) -> None:
        assert go_on.wait(30)
        done.append(bytes(content))

    lane = make(work)
    for number in range(sizes.LANE_AHEAD):
        lane.put(piece(number), quiet)
    breaths: list[int] = []

    def breathe() -> None:
        breaths.append(len(done))
        go_on.set()

    lane.put(piece(sizes.LANE_AHEAD), breathe)
    assert breaths[0] == 0  # nothing was done when it had to wait
    lane.finish(quiet)
    assert len(done) == sizes.LANE_AHEAD + 1


@pytest.mark.parametrize("ending", ["put", "finish"])
def test_an_error_is_raised_and_nothing_is_done_after_it(make: Make, ending: str) -> None:
    done: list[bytes] = []

    def work(content: memoryview) -> None:
        if content == b"1":
            raise OSError(28, "No space left on device")
        done.append(bytes(content))

    lane = make(work)

    def go_on() -> None:
        if ending == "finish":
            for number in range(3):
                lane.put(piece(number), quiet)
            lane.finish(quiet)
        else:
            for number in range(1000):
                lane.put(piece(number), quiet)

    with pytest.raises(OSError, match="No space left"):
        go_on()
    lane.stop()
    assert done == [b"0"]


def test_what_waits_is_not_done_when_it_is_stopped(make: Make) -> None:
    begun, go_on = threading.Event(), threading.Event()
    done: list[bytes] = []

    def work(content: memoryview) -> None:
        begun.set()
        assert go_on.wait(30)
        done.append(bytes(content))

    lane = make(work)
    lane.put(piece(0), quiet)
    lane.put(piece(1), quiet)
    assert begun.wait(30)
    stopping = threading.Thread(target=lane.stop)
    stopping.start()
    while not lane._stopped:
        pass
    go_on.set()
    stopping.join(30)
    assert not stopping.is_alive()
    assert done == [b"0"]
