"""The server, and the zygote that it starts, with the points of tests.e2e.chaos.points in them.

CHAOS_POINTS=FOLDER python -m tests.e2e.chaos.faulty [the arguments of claude-remote-server]
"""

from __future__ import annotations

import sys

from tests.e2e.chaos import points
from tests.e2e.zygotes import ZYGOTE, execute_instead


def main() -> int:
    """Be one of the two."""
    if sys.argv[1:2] == [ZYGOTE]:
        del sys.argv[1]
        from claude_remote_workers import zygote

        points.install(*points.WORKER)
        return zygote.main()
    from claude_remote_broker import cli

    points.install(*points.BROKER)
    execute_instead("tests.e2e.chaos.faulty", ZYGOTE)
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
