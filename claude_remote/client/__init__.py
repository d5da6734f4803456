"""The blocking client library."""

from claude_remote.errors import Unreachable


def connect() -> None:
    """Connect to a server."""
    raise Unreachable
