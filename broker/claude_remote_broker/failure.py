"""Why the server cannot start or a command of its owner cannot be done: one line, with the remedy."""

from __future__ import annotations

from enum import IntEnum


class FailureExit(IntEnum):
    """How `claude-remote-server` ends when it fails."""

    # Somebody must change something first: the command line, a file, a login. systemd does not try again.
    FIX_FIRST = 2
    # It may be over in a moment: a port in use, a server that is still ending.
    TRY_AGAIN = 3


class Failure(Exception):
    """Shown to the user as it is, without a traceback."""

    def __init__(self, message: str, exit_code: FailureExit = FailureExit.FIX_FIRST) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code
