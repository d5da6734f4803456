import asyncio
from typing import cast

from claude_remote_broker.waking_time import WakingTime


class Loop:
    """Has a clock."""

    def __init__(self) -> None:
        self.at = 1000.0

    def time(self) -> float:
        return self.at


def test_it_goes_on_with_the_loop_and_stands_still_with_it() -> None:
    loop = Loop()
    clock = WakingTime(cast("asyncio.AbstractEventLoop", loop), 2.0)
    start = clock.now()
    loop.at += 0.5
    assert clock.now() - start == 0.5
    loop.at += 1.0
    assert clock.beat() - start == 1.5
    loop.at += 3600.0  # the process was stopped
    assert clock.now() - start == 3.5
    assert clock.beat() - start == 3.5
    loop.at += 1.0
    assert clock.beat() - start == 4.5
