"""The owner's look at the workers of the running server."""

from __future__ import annotations

from claude_remote.client.answers import receive_all
from claude_remote.client.crew import Crew, gather
from claude_remote.messages import ListWorkers, ScaleWorkers, Workers
from claude_remote.paths import Paths
from claude_remote_broker.failure import Failure, FailureExit
from claude_remote_broker.owner_link import dial_server

_TIMEOUT = 10.0


def ask(paths: Paths, request: ListWorkers | ScaleWorkers) -> Crew:
    """Ask the running server. Raises Failure or a RemoteError, in words for the owner."""
    link = dial_server(paths, _TIMEOUT)
    if link is None:
        raise Failure("no server runs here", FailureExit.TRY_AGAIN)
    try:
        link.greet(_TIMEOUT)
        link.send(request)
        return gather(receive_all(link, Workers, _TIMEOUT))
    finally:
        link.close()
