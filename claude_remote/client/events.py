"""What happens in the course of a turn, as whoever follows it sees it.

Each event is a frozen Struct. `cursor` is the place after it in the session's log: attaching
there shows what came later, nothing lost and nothing twice. `at` is when it was said, on the server's clock.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from claude_remote import facts, messages
from claude_remote.messages import Cursor


class Event(Struct, frozen=True):
    """One thing that happened."""


class Accepted(Event, frozen=True):
    """The server has recorded the prompt; it will run, whatever happens to this connection."""

    prompt: str
    session: messages.SessionInfo


class Waiting(Event, frozen=True):
    """The prompt waits: for another `turn`, for a free `worker`, or for claude to `start`."""

    why: str
    place: int


class Line(Event, frozen=True):
    """One line of claude's own stream-json output, untouched, without its newline."""

    raw: bytes
    cursor: Cursor
    at: float = 0.0


class Fact(Event, frozen=True):
    """One fact that the server adds to the log: see claude_remote.facts."""

    fact: facts.AnyFact
    cursor: Cursor
    at: float = 0.0


class UnknownFact(Event, frozen=True):
    """A fact of a kind that this program is too old to know."""

    raw: bytes
    cursor: Cursor
    at: float = 0.0


class Decided(Event, frozen=True):
    """An approval was decided; `by` says by whom. `lost`: in words, why our decision had no effect."""

    approval: str
    behavior: messages.Behavior
    by: str
    lost: str = ""


class Reset(Event, frozen=True):
    """The server lost a part of the log and numbers anew; what follows comes after `cursor`."""

    cursor: Cursor


class Tail(Event, frozen=True):
    """Everything that existed has been read; what follows is new."""

    cursor: Cursor


class Reconnecting(Event, frozen=True):
    """The connection broke and is being made again; the turn goes on meanwhile."""

    reason: str


class Reconnected(Event, frozen=True):
    """The connection is there again; what was missed follows."""


class Finished(Event, frozen=True):
    """The prompt has ended, and every event of it has been given."""

    prompt: str
    state: messages.PromptState
    reason: str


AnyEvent: TypeAlias = (
    Accepted
    | Waiting
    | Line
    | Fact
    | UnknownFact
    | Decided
    | Reset
    | Tail
    | Reconnecting
    | Reconnected
    | Finished
)
