"""Where the commands begin.

Those whose packages are extras start their program, or say in one line what to install.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from typing import NoReturn


def client() -> NoReturn:
    """claude-remote. Everything is closed when its code is known; taking the interpreter apart is left out.

    Measured on a `ping`: that costs 7 ms of 90, and collecting garbage while its modules load 4.
    """
    gc.disable()
    _open_standard_streams()
    with _ending_quietly():
        from claude_remote.cli import main, running  # noqa: F401  what main needs before it answers Ctrl-C

    code = main(on_long=gc.enable)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        sys.exit(code)  # which says so
    os._exit(code)


def server() -> int:
    """claude-remote-server: this one, or the newer one that `update` has put beside it."""
    _go_to_newer()
    return _run("claude_remote_broker.cli", "claude-remote-server", "server", ("zmq", "uvloop"))


def worker() -> int:
    """claude-remote-worker."""
    return _run("claude_remote_workers.cli", "claude-remote-worker", "server", ("zmq",))


def gui() -> int:
    """claude-remote-gui."""
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


@contextmanager
def _ending_quietly() -> Iterator[None]:
    """Ctrl-C ends this program as it ends any other, and not with a traceback of whatever just loads."""
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:
        yield  # it is ignored
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGINT, before)


def _open_standard_streams() -> None:
    """What is closed (`<&-`) would otherwise be the number of the first file or connection that we open.

    Output then goes nowhere; who wants to read input is told that there is none.
    """
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, os.O_WRONLY)
            os.set_inheritable(opened, True)  # noqa: FBT003  the os module's own signature
            if name != "stdin":
                setattr(sys, name, open(opened, "w", encoding="utf-8", closefd=False))  # noqa: SIM115


def _run(module: str, command: str, extra: str, needs: tuple[str, ...]) -> int:
    _open_standard_streams()
    from claude_remote.errors import Exit

    missing = [name for name in needs if find_spec(name) is None]
    if missing:
        are = "is" if len(missing) == 1 else "are"
        print(
            f"{command}: {' and '.join(missing)} {are} missing;"
            f" install with: pipx install 'claude-remote-bus[{extra}]'",
            file=sys.stderr,
        )
        return Exit.USAGE
    code: int = import_module(module).main()
    return code
