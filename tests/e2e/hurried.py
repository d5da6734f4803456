"""The server with little patience: what takes it a quarter of a minute otherwise is done after seconds."""

from __future__ import annotations

import functools
import sys

from claude_remote_broker import cli, parts, zygote_keeper
from claude_remote_broker.core import Core, Limits


def main() -> int:
    """As claude-remote-server."""
    limits = Limits(silence=2.0, silence_of_needed=4.0, own_pause=2.0)
    assert parts.Core is Core  # or what is set here would be used by nobody
    parts.Core = functools.partial(Core, limits=limits)  # type: ignore[assignment,misc]
    zygote_keeper.ORDER_TIMEOUT = 3.0
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
