"""`make bench`: run the benchmarks that are named, or all of them."""

from __future__ import annotations

import argparse
import os
import sys
import time
from importlib import import_module

from tests.benchmarks.figures import Report
from tests.benchmarks.printing import as_json, as_text, in_words, machine
from tests.benchmarks.settings import Settings

BENCHMARKS = (
    "ping",
    "first-token",
    "latency",
    "bulk",
    "memory",
    "fan-in",
    "many",
    "replay",
    "files",
    "window",
)


def main() -> int:
    """0, whether the budgets are met or not: a machine that is busy with other things is no fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument("--json", action="store_true", help="figures as JSON on stdout, the tables on stderr")
    parser.add_argument("--quick", action="store_true", help="as little as shows that everything works")
    parser.add_argument("--sessions", type=int, default=100, help="how many, for fan-in")
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="how long the window is watched at each rate"
    )
    options = parser.parse_args()
    unknown = set(options.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    settings = Settings(quick=options.quick, sessions=options.sessions, seconds=options.seconds)
    out = sys.stderr if options.json else sys.stdout
    on = machine()
    print(
        f"{on['system']}, {on['cores']} cores, Python {on['python']}, load {on['load']} before the start",
        file=out,
    )
    if os.getloadavg()[0] > len(os.sched_getaffinity(0)) / 2:
        print("others use this machine too: what follows is worse than it would be alone", file=out)
    print("median, smallest to largest, and the ratio to a reference measured in the same rounds", file=out)
    began = time.monotonic()
    reports = []
    for name in options.names or BENCHMARKS:
        module = import_module(f"tests.benchmarks.{name.replace('-', '_')}")
        report: Report = module.run(settings)
        reports.append(report)
        print(as_text(report), file=out, flush=True)
    budgets = [budget for report in reports for budget in report.budgets]
    print(f"\n{len(budgets)} budgets, in {time.monotonic() - began:.0f} s:", file=out)
    for budget in budgets:
        print(f"  {'✓' if budget.met else '✗'} {in_words(budget)}", file=out)
    if options.json:
        print(as_json(reports))
    return 0


if __name__ == "__main__":
    sys.exit(main())
