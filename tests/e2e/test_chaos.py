"""A short chaos: half a minute of blows, and half a minute of deaths at named points. See tests.e2e.chaos."""

from __future__ import annotations

import pytest

from tests.e2e.chaos.rounds import run

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(("seed", "points_alone"), [(1, False), (2, True)], ids=["any time", "named points"])
def test_the_books_are_right_after_each_round(seed: int, points_alone: bool) -> None:
    assert run(seed, rounds=100, seconds=25, points_alone=points_alone)
