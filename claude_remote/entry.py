"""Where the commands begin.

Those whose packages are extras start their program, or say in one line what to install.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from typing import NoReturn

from claude_remote.standard_streams import open_closed


def client() -> NoReturn:
    """claude-remote. Everything is closed when its code is known; taking the interpreter apart is left out.

    Measured on a `ping`: that costs 7 ms of 90, and collecting garbage while its modules load 4.
    """
    gc.disable()
    open_closed()
    try:
        from claude_remote.cli import ctrl_c

        ctrl_c.install()
        from claude_remote.cli import main

        code = main(on_long=gc.enable)
    except KeyboardInterrupt:  # before anything was begun
        code = 130
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        sys.exit(code)  # which says so
    os._exit(code)


def server() -> int:
    """claude-remote-server: this one, or the newer one that `update` has put beside it."""
    open_closed()
    _go_to_newer()
    return _run("claude_remote_broker.cli", "claude-remote-server", "server", ("zmq", "uvloop"))


def worker() -> int:
    """claude-remote-worker."""
    return _run("claude_remote_workers.cli", "claude-remote-worker", "server", ("zmq",))


def gui() -> int:
    """claude-remote-gui."""
    open_closed()
    return _run("claude_remote_gui.cli", "claude-remote-gui", "gui", ("PyQt6", "zmq"))


def _go_to_newer() -> None:
    from claude_remote.paths import find_paths
    from claude_remote.version import VERSION
    from claude_remote.versions import Versions

    newer = Versions(find_paths().versions).find(VERSION)
    if newer is not None:
        # Of what cannot be executed nothing is left to find: this one goes on.
        with suppress(OSError):
            os.execv(newer.python, [str(newer.python), str(newer.program), *sys.argv[1:]])  # noqa: S606  ours


def _run(module: str, command: str, extra: str, needs: tuple[str, ...]) -> int:
    missing = [name for name in needs if find_spec(name) is None]
    if missing:
        are = "is" if len(missing) == 1 else "are"
        print(
            f"{command}: {' and '.join(missing)} {are} missing;"
            f" install with: pipx install 'claude-remote-bus[{extra}]'",
            file=sys.stderr,
        )
        return 2
    code: int = import_module(module).main()
    return code
