import logging

import pytest

from claude_remote_broker.sparing import SparingLog


def test_it_writes_a_few_and_says_how_many_it_kept_back(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    sparing = SparingLog(logging.getLogger("peer"), burst=2, every=10, clock=lambda: now)
    for number in range(100):
        sparing.warning("bad frame %d", number)
    now = 10.0
    sparing.warning("bad frame again")
    assert caplog.messages == [
        "bad frame 0",
        "bad frame 1",
        "98 more of these were not logged",
        "bad frame again",
    ]
