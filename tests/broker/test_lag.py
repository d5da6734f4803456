import asyncio
import time

import pytest

from claude_remote_broker import lag
from claude_remote_broker.lag import LagWatch


def test_whatever_holds_up_the_loop_is_noticed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lag, "EVERY", 0.01)

    async def run() -> float:
        watch = LagWatch(asyncio.get_running_loop())
        watch.start()
        time.sleep(0.4)  # noqa: ASYNC251  what is to be noticed
        for _ in range(3):  # turns of the loop, in which the late timer comes
            await asyncio.sleep(0)
        watch.stop()
        return watch.take()

    assert asyncio.run(run()) >= lag.NOTABLE
    assert "the event loop was held up for 0." in caplog.text
