"""Asking for what is answered at once, and asking again when the server is just then restarted."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from claude_remote import messages
from claude_remote.client.link import Link
from claude_remote.client.pool import Pool
from claude_remote.errors import (
    LinkLost,
    RemoteError,
    Restarting,
    ShuttingDown,
    TooManyConnections,
    Unreachable,
)
from claude_remote.messages import Message

# What may be asked twice: it changes nothing, or the second time changes nothing more.
REPEATABLE: frozenset[type[Message]] = frozenset(
    {
        messages.Ping,
        messages.ListSessions,
        messages.ShowStatus,
        messages.ListApprovals,
        messages.ShowApproval,
        messages.ListRules,
        messages.ListClients,
        messages.ListWorkers,
        messages.ScaleWorkers,
        messages.CheckAudit,
        messages.Attach,
    }
)
# How long it is asked again, in seconds; a restart takes one or two.
PATIENCE = 8.0
_SAY_AFTER = 1.0
_PAUSE = 0.1
_LONGEST_PAUSE = 1.0
# The server was there, and is not: it may be about to be there again.
_LEFT = (Restarting, LinkLost)
_NOT_YET = (*_LEFT, Unreachable, ShuttingDown, TooManyConnections)

T = TypeVar("T")


def ask(
    pool: Pool,
    request: Message,
    exchange: Callable[[Link], T],
) -> T:
    """Let `exchange` send the request over a link of the pool, and receive the answer, to its Done.

    If it is REPEATABLE it is asked again, from the start, for PATIENCE seconds when the server restarts or
    the link breaks; `pool.on_away` is told once if that lasts. Raises what the last attempt raised.
    """

    def attempt() -> T:
        with pool.link() as link:
            return exchange(link)

    if type(request) not in REPEATABLE:
        return attempt()
    return _again(pool, attempt)


def _again(pool: Pool, attempt: Callable[[], T]) -> T:
    try:
        return attempt()
    except _LEFT as error:
        left: RemoteError = error
    began = time.monotonic()
    pause, said = _PAUSE, False
    while True:
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
        try:
            return attempt()
        except _NOT_YET as error:
            away = time.monotonic() - began
            if away >= PATIENCE:
                raise _lasting(left, error, away) from None
            if away >= _SAY_AFTER and not said:
                pool.on_away(f"{left.message.rstrip('.')}; trying again")
                said = True


def _lasting(left: RemoteError, now: RemoteError, away: float) -> RemoteError:
    words = now.message if now.message == left.message else f"{left.message}; and then: {now.message}"
    return type(now)(f"{words} (tried for {away:.0f} s)", **now.detail)
