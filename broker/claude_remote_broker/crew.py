"""The owner's look at the workers of the running server."""

from __future__ import annotations

from claude_remote.client.answers import receive_all
from claude_remote.client.crew import Crew, gather
from claude_remote.client.dial import dial_control
from claude_remote.client.link import Link
from claude_remote.errors import RemoteError
from claude_remote.messages import ListWorkers, ScaleWorkers, Workers
from claude_remote.paths import Paths
from claude_remote_broker.failure import Failure, FailureExit
from claude_remote_broker.state_lock import read_holder

_TIMEOUT = 10.0


def ask(paths: Paths, request: ListWorkers | ScaleWorkers) -> Crew:
    """Ask the running server. Raises Failure or a RemoteError, in words for the owner."""
    holder = read_holder(paths.lock)
    if holder is None:
        raise Failure("no server runs here", FailureExit.TRY_AGAIN)
    try:
        stream = dial_control(str(paths.control_socket), _TIMEOUT).stream
    except RemoteError as error:
        raise Failure(
            f"the server (pid {holder.pid}) runs, but its control socket does not answer: {error.message}",
            FailureExit.TRY_AGAIN,
        ) from None
    link = Link(stream, "the server on this machine")
    try:
        link.greet(_TIMEOUT)
        link.send(request)
        return gather(receive_all(link, Workers, _TIMEOUT))
    finally:
        link.close()
