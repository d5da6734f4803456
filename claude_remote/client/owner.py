"""This machine's own server, when it runs under the same user: it vouches for itself and approves us.

Whoever may open the control socket could answer every question about trust himself, so none is asked.
"""

from __future__ import annotations

from pathlib import Path

from claude_remote import messages
from claude_remote.client.dial import dial_control
from claude_remote.client.link import Link
from claude_remote.errors import RemoteError
from claude_remote.messages import Done
from claude_remote.rights import FULL

_TIMEOUT = 5.0


class Owner:
    """The server behind a control socket, if there is one and it lets us in."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def fingerprint(self) -> str | None:
        """The server's own fingerprint."""
        link = self._enter()
        if link is None:
            return None
        link.close()
        return self._found

    def approve(self, server: str, client: str) -> bool:
        """Approve a client's fingerprint with all rights if `server` is the one here."""
        link = self._enter()
        if link is None:
            return False
        try:
            if self._found != server:
                return False
            link.send(messages.Approve(which=client, rights=tuple(sorted(FULL))))
            while not isinstance(link.receive(_TIMEOUT).message, Done):
                pass
        except RemoteError:
            return False  # then the owner is asked as any other
        else:
            return True
        finally:
            link.close()

    def _enter(self) -> Link | None:
        # The look at the file saves a laptop, which has no server, the attempt.
        if not self._socket.exists():
            return None
        try:
            link = Link(dial_control(str(self._socket), _TIMEOUT).stream, "the server on this machine")
        except RemoteError:
            return None
        try:
            self._found = link.greet(_TIMEOUT).fingerprint
        except RemoteError:
            link.close()
            return None
        return link
