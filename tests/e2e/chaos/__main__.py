"""From the command line."""

from __future__ import annotations

import argparse
import random
import sys

from tests.e2e import chaos
from tests.e2e.chaos.rounds import run


def main() -> int:
    """Play, and print the blows that were dealt."""
    parser = argparse.ArgumentParser(description=chaos.__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--points", action="store_true", help="only at the named points")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    print(
        run(
            options.seed,
            options.rounds,
            lambda words: print(words, flush=True),
            points_alone=options.points,
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
