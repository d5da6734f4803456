"""Figures, their ratios and budgets, and how they are told."""

from __future__ import annotations

import json

from tests.benchmarks.figures import Report, percentile
from tests.benchmarks.printing import as_json, as_text


def report() -> Report:
    found = Report("ping", "whole process")
    found.add("ssh", "ms", [100, 400, 100])
    figure = found.add("ping", "ms", [30, 100, 20], "ssh")
    found.expect("ping, by ssh", figure.over(found.figures[0]), 0.3, "")
    found.expect("bulk", 150_000, 200_000, "events/s", at_least=True)
    found.notes.append("loopback")
    return found


def test_a_ratio_compares_what_was_measured_in_the_same_round() -> None:
    found = report()
    assert found.ratio(found.figures[1]) == 0.25
    assert found.ratio(found.figures[0]) is None


def test_budgets_are_limits_from_above_or_below() -> None:
    assert [budget.met for budget in report().budgets] == [True, False]


def test_a_percentile_is_one_of_the_samples() -> None:
    assert percentile([5, 1, 3], 50) == 3
    assert percentile(list(range(100)), 99) == 99
    assert percentile([7], 99) == 7


def test_the_table_says_it_all() -> None:
    assert as_text(report()).splitlines()[1:] == [
        "ping: whole process",
        "  ssh           100 ms  100 to 400",
        "  ping           30 ms  20 to 100            0.25 x ssh",
        "  ✓ ping, by ssh: 0.25, budget ≤ 0.30: met",
        "  ✗ bulk: 150,000 events/s, budget ≥ 200,000 events/s: missed",
        "  · loopback",
    ]


def test_json_has_the_samples_too() -> None:
    (told,) = json.loads(as_json([report()]))["benchmarks"]
    assert told["figures"][1]["ratio"] == 0.25
    assert told["figures"][1]["samples"] == [30, 100, 20]
    assert told["budgets"][1]["sense"] == "at least"
