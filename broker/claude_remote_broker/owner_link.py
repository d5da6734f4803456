"""The owner's commands reach the server that runs here."""

from __future__ import annotations

from claude_remote.client.dial import dial_control
from claude_remote.client.link import Link
from claude_remote.errors import RemoteError
from claude_remote.paths import Paths
from claude_remote_broker.failure import Failure, FailureExit
from claude_remote_broker.state_lock import read_holder


def dial_server(paths: Paths, timeout: float) -> Link | None:
    """A link to it that is yet to greet; None when no server runs. Raises Failure when it lets nobody in."""
    holder = read_holder(paths.lock)
    if holder is None:
        return None
    try:
        stream = dial_control(str(paths.control_socket), timeout).stream
    except RemoteError as error:
        raise Failure(
            f"the server (pid {holder.pid}) runs, but its control socket does not answer: {error.message}",
            FailureExit.TRY_AGAIN,
        ) from None
    return Link(stream, "the server on this machine")
