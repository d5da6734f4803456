"""The bell: asking a server that does not know us to be let in, and waiting for its owner's word."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable

from msgspec import Struct

from claude_remote import messages
from claude_remote.client.introduction import Introduction, Pending
from claude_remote.client.link import Link
from claude_remote.errors import (
    LinkLost,
    NotApproved,
    Refused,
    Revoked,
    TimedOut,
    TooManyConnections,
    Unreachable,
)
from claude_remote.identity import Identity
from claude_remote.messages import ClientState
from claude_remote.pairing import pairing_words
from claude_remote.version import VERSION

# The server answers the first ring at once.
_ANSWER_WITHIN = 15.0
_PAUSE = 1.0


class Bell(Struct, frozen=True, kw_only=True):
    """One client at the bell of one server. `connect` gives a greeted link without our certificate.

    `approve_locally` is given both fingerprints and says whether this machine's own server has approved us.
    """

    connect: Callable[[], Link]
    label: str
    server: str  # its fingerprint
    identity: Identity
    introduction: Introduction
    approve_locally: Callable[[str, str], bool]

    def wait_for_approval(self) -> None:
        """Ring, and return once approved. The waiting survives a server that restarts.

        Raises Refused, Revoked, NotApproved when the time that was given is over, and what `connect` raises
        the first time.
        """
        wait = self.introduction.wait
        until = None if wait is None else time.monotonic() + wait
        words = self._ring_in_turn(until)
        while words:
            if until is not None and time.monotonic() >= until:
                raise self._not_approved(words)
            time.sleep(_PAUSE)
            try:
                words = self._ring(until, words)
            except Unreachable:
                continue

    def _ring_in_turn(self, until: float | None) -> tuple[str, ...]:
        """Ring, again when too many others do, for as long as there is time to wait."""
        while True:
            try:
                return self._ring(until, ())
            except TooManyConnections:
                if until is not None and time.monotonic() + _PAUSE >= until:
                    raise
                time.sleep(_PAUSE)

    def _ring(self, until: float | None, words: tuple[str, ...]) -> tuple[str, ...]:
        """Ring once and listen. Gives nothing when approved, the pairing words when the link broke."""
        link = self.connect()
        try:
            link.send(_introduce(), self.identity.der)
            if self._hear(link, _ANSWER_WITHIN) is ClientState.APPROVED:
                return ()
            if self.approve_locally(self.server, self.identity.fingerprint):
                return ()
            words = words or self._tell()
            while self._hear(link, _left(until)) is not ClientState.APPROVED:
                pass
        except (TimedOut, LinkLost) as error:
            if not words:
                raise Unreachable(f"{self.label} gives no answer at the bell: {error.message}") from None
            if isinstance(error, TimedOut):
                raise self._not_approved(words) from None
            return words
        finally:
            link.close()
        if self.introduction.on_approved is not None:
            self.introduction.on_approved()
        return ()

    def _tell(self) -> tuple[str, ...]:
        words = pairing_words(self.server, self.identity.fingerprint)
        if self.introduction.on_pending is not None:
            self.introduction.on_pending(Pending(self.label, words))
        return words

    def _hear(self, link: Link, timeout: float | None) -> ClientState:
        standing = link.receive(timeout).message
        if not isinstance(standing, messages.Standing):
            raise Unreachable(f"{self.label} gives no answer at the bell; update it, or this program")
        said = f": {standing.message}" if standing.message else ""
        if standing.state is ClientState.REFUSED:
            raise Refused(f"the owner of {self.label} has refused this client{said}")
        if standing.state is ClientState.REVOKED:
            raise Revoked(f"the owner of {self.label} has revoked this client{said}")
        return standing.state

    def _not_approved(self, words: tuple[str, ...]) -> NotApproved:
        said = " ".join(words)
        return NotApproved(
            f"{self.label} waits for its owner's approval of this client. Words: {said}\n"
            "On the server: claude-remote-server clients approve. Then try again, or wait with --wait.",
            words=said,
            state="pending",
        )


def _left(until: float | None) -> float | None:
    return None if until is None else max(0.0, until - time.monotonic())


def _introduce() -> messages.Ring:
    return messages.Ring(user=_user(), host=socket.gethostname()[:1024], version=VERSION[:64])


def _user() -> str:
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        name = os.environ.get(variable)
        if name:
            return name[:1024]
    try:
        import pwd
    except ImportError:  # Windows
        return ""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return ""
