"""The commands whose packages are extras: each starts its program, or says in one line what to install."""

from __future__ import annotations

import sys
from importlib import import_module

from claude_remote.errors import Exit


def server() -> int:
    """claude-remote-server."""
    return _run("claude_remote_broker.cli", "claude-remote-server", "server", ("zmq", "uvloop", "psutil"))


def worker() -> int:
    """claude-remote-worker."""
    return _run("claude_remote_workers.cli", "claude-remote-worker", "server", ("zmq",))


def gui() -> int:
    """claude-remote-gui."""
    return _run("claude_remote_gui.cli", "claude-remote-gui", "gui", ("PyQt6", "zmq"))


def _run(module: str, command: str, extra: str, needs: tuple[str, ...]) -> int:
    try:
        main = import_module(module).main
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in needs:
            raise
        print(
            f"{command}: {error.name} is missing; install it with: pipx install 'claude-remote-bus[{extra}]'",
            file=sys.stderr,
        )
        return Exit.USAGE
    code: int = main()
    return code
