"""What follows from the owner's word about a client: which is meant, its name, rights and folders. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count
from pathlib import PurePath

import msgspec

from claude_remote import rights, trust
from claude_remote.errors import Ambiguous, BadMessage, NameTaken, NoSuchClient, OutOfTurn
from claude_remote.messages import ClientState
from claude_remote.rights import Right
from claude_remote.trust import TrustedClient
from claude_remote_broker.plain import plain

LONGEST_NAME = 64
# The owner on the control socket goes by this name.
LOCAL = "local"


def choose(
    waiting: Mapping[str, TrustedClient], known: Mapping[str, TrustedClient], which: str | None
) -> TrustedClient:
    """The client that is meant; without `which` the only one that waits. NoSuchClient, Ambiguous."""
    if which:
        return trust.find([*waiting.values(), *known.values()], which)
    if not waiting:
        raise NoSuchClient("No client waits for approval.")
    if len(waiting) > 1:
        listed = ", ".join(f"{client.name} ({client.fingerprint})" for client in list(waiting.values())[:5])
        raise Ambiguous(f"{len(waiting)} clients wait: {listed}. Say which.")
    return next(iter(waiting.values()))


def approved(
    client: TrustedClient,
    known: Mapping[str, TrustedClient],
    *,
    name: str | None,
    given: Iterable[Right] | None,
    home: str,
    roots: tuple[str, ...] | None = None,
) -> TrustedClient:
    """The client as it is once approved. Raises NameTaken, and BadMessage for roots of who may execute.

    `given` None: what it had, or the preset `work`. Who may execute anything is held by no folder; everybody
    else begins in `home`, unless `roots` says otherwise.
    """
    allowed, held = client.rights, client.roots
    if given is not None or not allowed:
        chosen = rights.with_implied(rights.WORK if given is None else given)
        allowed = tuple(right for right in Right if right in chosen)
        held = () if Right.EXEC in chosen else client.roots or (home,)
    if roots is not None:
        _check_held(client, allowed, roots)
        held = roots
    taken = {other.name for other in known.values() if other.fingerprint != client.fingerprint}
    return msgspec.structs.replace(
        client,
        name=_free_name(client, name, taken | {LOCAL}),
        state=ClientState.APPROVED,
        rights=allowed,
        roots=held,
    )


def changed(
    client: TrustedClient,
    *,
    given: Iterable[Right] | None,
    add: Iterable[Right],
    remove: Iterable[Right],
    roots: tuple[str, ...] | None,
    home: str,
) -> TrustedClient:
    """The client with other rights. Raises OutOfTurn if it is not approved, BadMessage for a contradiction.

    Who loses `exec` and had no roots gets `home`, unless `roots` says otherwise.
    """
    if client.state is not ClientState.APPROVED:
        raise OutOfTurn(
            f"{client.name} is {client.state}, not approved; approve it with the rights it shall have."
        )
    added, removed = frozenset(add), frozenset(remove)
    if both := added & removed:
        raise BadMessage(f"{rights.describe(both)} is both given and taken")
    chosen = rights.with_implied(frozenset(client.rights if given is None else given) | added)
    if Right.EXEC in removed and Right.ADMIN in chosen - removed:
        raise BadMessage("`admin` implies `exec`: take both, or neither")
    chosen -= removed
    if roots is not None:
        _check_held(client, chosen, roots)
        held = roots
    elif Right.EXEC in client.rights:
        held = client.roots if Right.EXEC in chosen else client.roots or (home,)
    else:
        held = () if Right.EXEC in chosen else client.roots
    return msgspec.structs.replace(
        client, rights=tuple(right for right in Right if right in chosen), roots=held
    )


def lessened(before: TrustedClient, after: TrustedClient) -> TrustedClient:
    """What is left of a client's rights when only what is taken has been taken yet."""
    kept = tuple(right for right in before.rights if right in after.rights)
    narrower = not before.roots or (
        bool(after.roots) and all(_lies_in(root, before.roots) for root in after.roots)
    )
    return msgspec.structs.replace(before, rights=kept, roots=after.roots if narrower else before.roots)


def _lies_in(folder: str, roots: Iterable[str]) -> bool:
    return any(PurePath(folder).is_relative_to(root) for root in roots)


def _check_held(client: TrustedClient, chosen: Iterable[Right], roots: tuple[str, ...]) -> None:
    if roots and Right.EXEC in chosen:
        raise BadMessage(f"{client.name} has `exec`, which no folder can hold: no roots with it")


def refused(client: TrustedClient) -> TrustedClient:
    """The client once refused. Raises OutOfTurn for one that is approved."""
    if client.state is ClientState.APPROVED:
        raise OutOfTurn(f"{client.name} is approved; revoke it instead.")
    return msgspec.structs.replace(client, state=ClientState.REFUSED, rights=())


def revoked(client: TrustedClient) -> TrustedClient:
    """The client once revoked. Its rights stay written, for the day it is approved again."""
    return msgspec.structs.replace(client, state=ClientState.REVOKED)


def _free_name(client: TrustedClient, wanted: str | None, taken: set[str]) -> str:
    name = plain(wanted or client.name, LONGEST_NAME) or "client"
    if name not in taken:
        return name
    if wanted:
        raise NameTaken(f"Another client is called {name!r}.")
    stem = name[: LONGEST_NAME - 8]
    return next(free for number in count(2) if (free := f"{stem}-{number}") not in taken)
