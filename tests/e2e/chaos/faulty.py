"""The server, and the zygote that it starts, with the points of tests.e2e.chaos.points in them.

CHAOS_POINTS=FOLDER python -m tests.e2e.chaos.faulty [the arguments of claude-remote-server]
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from tests.e2e.chaos import points

_ZYGOTE = "claude_remote_workers.zygote"


def main() -> int:
    """Be one of the two."""
    if sys.argv[1:2] == [_ZYGOTE]:
        del sys.argv[1]
        from claude_remote_workers import zygote

        points.install(*points.WORKER)
        return zygote.main()
    from claude_remote_broker import cli
    from claude_remote_broker import zygote as launching

    points.install(*points.BROKER)
    launching.subprocess = _Subprocess()  # type: ignore[assignment]
    return cli.main()


class _Subprocess:
    """Starts the zygote with points in it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)

    def Popen(self, argv: Sequence[str], **named: Any) -> subprocess.Popen[bytes]:
        position = argv.index(_ZYGOTE)
        return subprocess.Popen([*argv[:position], "tests.e2e.chaos.faulty", *argv[position:]], **named)


if __name__ == "__main__":
    sys.exit(main())
