"""Reports as a table for people, and as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence

from tests.benchmarks.figures import Budget, Figure, Report


def as_text(report: Report) -> str:
    """A table."""
    lines = [f"\n{report.name}: {report.title}"]
    width = max((len(figure.name) for figure in report.figures), default=0)
    for figure in report.figures:
        spread = f"{number(figure.low)} to {number(figure.high)}" if len(figure.samples) > 1 else ""
        ratio = report.ratio(figure)
        compared = "" if ratio is None else f"{number(ratio)} x {figure.reference}"
        value = f"{number(figure.median)} {figure.unit}"
        lines.append(f"  {figure.name:<{width}}  {value:>14}  {spread:<20} {compared}".rstrip())
    lines += [f"  {'✓' if budget.met else '✗'} {in_words(budget)}" for budget in report.budgets]
    lines += [f"  · {note}" for note in report.notes]
    return "\n".join(lines)


def in_words(budget: Budget) -> str:
    """A budget and where it stands."""
    sign = "≥" if budget.at_least else "≤"
    unit = f" {budget.unit}" if budget.unit else ""
    kept = "met" if budget.met else "missed"
    return f"{budget.what}: {number(budget.value)}{unit}, budget {sign} {number(budget.limit)}{unit}: {kept}"


def as_json(reports: Sequence[Report]) -> str:
    """Everything, samples included where they are few."""
    content = {"machine": machine(), "benchmarks": [_report(report) for report in reports]}
    return json.dumps(content, indent=2, ensure_ascii=False)


def machine() -> dict[str, object]:
    """On what it was measured."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 2),
    }


def number(value: float) -> str:
    """Three digits that count."""
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    if size >= 100:
        return f"{value:.0f}"
    if size >= 10:
        return f"{value:.1f}".removesuffix(".0")
    return f"{value:.2f}"


def _report(report: Report) -> dict[str, object]:
    return {
        "name": report.name,
        "title": report.title,
        "figures": [_figure(report, figure) for figure in report.figures],
        "budgets": [
            {
                "what": budget.what,
                "value": round(budget.value, 4),
                "limit": budget.limit,
                "unit": budget.unit,
                "sense": "at least" if budget.at_least else "at most",
                "met": budget.met,
            }
            for budget in report.budgets
        ],
        "notes": report.notes,
    }


def _figure(report: Report, figure: Figure) -> dict[str, object]:
    ratio = report.ratio(figure)
    return {
        "name": figure.name,
        "unit": figure.unit,
        "median": round(figure.median, 4),
        "min": round(figure.low, 4),
        "max": round(figure.high, 4),
        "samples": [round(sample, 4) for sample in figure.samples],
        **({} if ratio is None else {"reference": figure.reference, "ratio": round(ratio, 4)}),
    }
