"""`10m`, `1:8`."""

from __future__ import annotations

import click
import pytest

from claude_remote.scale import Scale
from claude_remote_broker.cli.values import DurationType, ScaleType


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("90s", 90),
        ("10m", 600),
        ("2h", 7200),
        ("1d", 86400),
        ("0", 0),
        ("never", 0),
        ("1.5m", 90),
        ("45", 45),
    ],
)
def test_durations(words: str, seconds: float) -> None:
    assert DurationType().convert(words, None, None) == seconds


@pytest.mark.parametrize("words", ["", "x", "-1s", "1w", "10 minutes", "9999d", "1e3"])
def test_no_durations(words: str) -> None:
    with pytest.raises(click.BadParameter):
        DurationType().convert(words, None, None)


def test_scales() -> None:
    assert ScaleType().convert("1:8", None, None) == Scale(1, 8)
    with pytest.raises(click.BadParameter, match="MIN:MAX"):
        ScaleType().convert("many", None, None)
