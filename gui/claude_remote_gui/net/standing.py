"""How we stand with a server: one of these, at any time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from claude_remote.rights import Right


@dataclass(frozen=True)
class Connecting:
    """The first attempt runs."""


@dataclass(frozen=True)
class Connected:
    """It answers. `heard`: when it last did, on the monotonic clock. `warning`: about its audit."""

    host: str
    name: str  # under which its owner knows us
    rights: frozenset[Right]
    local: bool
    heard: float
    warning: str = ""


@dataclass(frozen=True)
class Reconnecting:
    """It does not answer, for this reason; `again`: when the next attempt is, on the monotonic clock."""

    reason: str
    again: float


@dataclass(frozen=True)
class Unknown:
    """Nobody here has seen it before: the user has to say whether it is the right one."""

    address: str
    fingerprint: str


@dataclass(frozen=True)
class NotApproved:
    """Its owner has not yet said whether we may come in, and sees these words."""

    words: tuple[str, ...]


@dataclass(frozen=True)
class Denied:
    """It does not want us: refused, revoked, or a right is missing."""

    reason: str


@dataclass(frozen=True)
class Impostor:
    """Somebody else answers in its place."""

    reason: str


@dataclass(frozen=True)
class Failed:
    """Something here is wrong, such as a file or an address; trying again alone does not help."""

    reason: str


Standing: TypeAlias = (
    Connecting | Connected | Reconnecting | Unknown | NotApproved | Denied | Impostor | Failed
)


def describe(standing: Standing, now: float) -> str:
    """In a line, for the user. `now` is of the monotonic clock."""
    words = ""
    match standing:
        case Connecting():
            words = "connecting …"
        case Connected(heard=heard) if now - heard >= 7.0:
            words = f"connected, but not heard for {now - heard:.0f} s"
        case Connected(host=host, local=local, warning=warning):
            words = f"connected to {host}" + (" (this machine)" if local else "")
            words += f"; WARNING: {warning}" if warning else ""
        case Reconnecting(reason=reason, again=again):
            words = f"not connected: {reason} (again in {max(0.0, again - now):.0f} s)"
        case Unknown(address=address):
            words = f"{address} is not known yet"
        case NotApproved(words=given):
            told = "waits for its owner's approval (there: claude-remote-server clients approve)"
            words = f"{told}; words: {' '.join(given)}"
        case Denied(reason=reason) | Impostor(reason=reason) | Failed(reason=reason):
            words = reason
    return words
