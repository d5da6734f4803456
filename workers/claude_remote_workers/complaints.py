"""Words for whoever looks after the server, on standard error, if that still leads anywhere."""

from __future__ import annotations

import sys
from contextlib import suppress


def complain(words: str) -> None:
    """Say it, and go on also when the broker whose terminal or pipe this was is gone."""
    with suppress(OSError, ValueError):
        print(f"claude-remote-worker: {words}", file=sys.stderr, flush=True)
