"""About the server itself: ending it, and reading what it logs."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from claude_remote.messages.base import Count, Message


class Shutdown(Message, frozen=True, kw_only=True, tag="shutdown"):
    """End the server when no turn runs any more, or `now`, which interrupts them. No prompt begins meanwhile.

    Answered by Draining, again at each change, and by Done when the server ends. Cancel, or the end of the
    connection before that, takes it back.
    """

    now: bool = False


class Draining(Message, frozen=True, kw_only=True, tag="draining"):
    """So many turns run still; so many of them wait for an approval; so many `others` want it to end, too."""

    turns: Count
    waiting: Count = 0
    others: Count = 0


class ServerLogs(Message, frozen=True, kw_only=True, tag="server-logs"):
    """What this life of the server has logged: the last `lines`, and with `follow` what comes."""

    lines: Annotated[int, Meta(ge=0, le=100_000)] = 100
    follow: bool = False


class LogLines(Message, frozen=True, kw_only=True, tag="log-lines"):
    """Payload: lines of the server's log, UTF-8, each ended by a newline."""
