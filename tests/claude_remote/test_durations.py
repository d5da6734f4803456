"""How long, as it is typed."""

from __future__ import annotations

import pytest

from claude_remote.durations import seconds_of
from claude_remote.errors import BadOption


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("20min", 1200), ("20m", 1200), ("2h", 7200), ("1.5 h", 5400), ("7D", 604800)],
)
def test_durations(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "2", "h", "-2h", "0s", "2 fortnights", "9999999d"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(BadOption, match="write 30s"):
        seconds_of(text)
