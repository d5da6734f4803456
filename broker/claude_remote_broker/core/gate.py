"""Who may do what: the one place where a right is asked for."""

from __future__ import annotations

from pathlib import PurePosixPath

from claude_remote import options
from claude_remote.errors import BadOption, RightMissing, UnknownMessage
from claude_remote.messages import NEEDS, Door, Message
from claude_remote.rights import FULL, Right
from claude_remote_broker.core.session import Session
from claude_remote_broker.ports import ClientTable, Peer

LOCAL = "local"


def rights_of(fingerprint: str, clients: ClientTable) -> frozenset[Right]:
    """The rights of a client now. The server's own user, on the control socket, has all."""
    return FULL if fingerprint == LOCAL else clients.rights(fingerprint)


def roots_of(fingerprint: str, clients: ClientTable) -> tuple[str, ...]:
    """The folders that a client may use; empty means everything."""
    return () if fingerprint == LOCAL else clients.roots(fingerprint)


def is_held(folder: str, roots: tuple[str, ...]) -> bool:
    """Whether a real path lies in the folders that a client may use. See CheckFolder for the rest."""
    return not roots or any(PurePosixPath(folder).is_relative_to(root) for root in roots)


def check(peer: Peer, message: Message, clients: ClientTable) -> None:
    """Raises RightMissing when a request needs a right that is not there, UnknownMessage for no request."""
    if peer.way is Door.BELL or type(message) not in NEEDS:
        raise UnknownMessage(f"{type(message).__name__} cannot be asked here")
    needed = NEEDS[type(message)]
    if needed is not None and needed not in rights_of(peer.fingerprint, clients):
        raise RightMissing(f"This client lacks the right `{needed}`.", right=needed.value)


def check_setup(setup: tuple[str, ...], mode: str | None, rights: frozenset[Right]) -> tuple[str, ...]:
    """The paths among the options of a claude that a client wants to prompt. Raises RightMissing.

    Whoever cannot ask for an option or a mode does not get it from a session that somebody else began.
    """
    if Right.EXEC in rights:
        return ()
    needed = options.MODES.get(mode, Right.EXEC) if mode is not None else None
    if needed is not None and needed not in rights:
        raise RightMissing(
            f"This session is in the mode {options.short(mode or '')}, which needs the right `{needed}`.",
            right=needed,
        )
    try:
        return options.check(setup, rights).paths
    except (RightMissing, BadOption) as error:
        raise RightMissing(
            f"This session runs with more than you may ask for: {error.message}", **error.detail
        ) from None


def check_sees(peer: Peer, session: Session, clients: ClientTable) -> None:
    """Raises RightMissing when a client has lost sight of a session that it looks at."""
    if not sees(peer, session, clients):
        raise RightMissing("The right `view` was taken from this client.", right=Right.VIEW)


def sees(peer: Peer, session: Session, clients: ClientTable) -> bool:
    """Without `view` a client sees its own sessions alone; what it does not see does not exist for it."""
    return sees_all_or_own(peer, session.row.client, clients)


def sees_all_or_own(peer: Peer, client: str, clients: ClientTable) -> bool:
    """Likewise, of something that `client` has begun."""
    return client == peer.fingerprint or Right.VIEW in rights_of(peer.fingerprint, clients)
