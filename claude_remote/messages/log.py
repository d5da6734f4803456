"""Reading: a session's log, and the feed of everything."""

from __future__ import annotations

from enum import StrEnum

from claude_remote.messages.base import Count, Cursor, Line, Message, Time


class Source(StrEnum):
    """Who wrote an event: claude's own line, untouched, or a fact of claude_remote.facts."""

    CLAUDE = "claude"
    FACT = "fact"


class Attach(Message, frozen=True, kw_only=True, tag="attach"):
    """Read a session's log after a cursor (None: from the beginning) and, with `follow`, what comes.

    A cursor of another generation, or beyond the tail, is answered by Reset with the place that is meant.
    """

    session: Line
    after: Cursor | None = None
    follow: bool = True


class Events(Message, frozen=True, kw_only=True, tag="events"):
    """Events first … first+count-1. Payload: their lines, each ended by a newline.

    A line that does not fit one frame comes in several with the same `first` and `more` set on all but the
    last; `count` is then 1.
    """

    generation: Count
    first: Count
    count: Count
    source: Source
    at: Time
    more: bool = False


class Reset(Message, frozen=True, kw_only=True, tag="reset"):
    """The numbering began anew (some of the log was lost): forget the cursor, events follow from `cursor`."""

    cursor: Cursor


class Tail(Message, frozen=True, kw_only=True, tag="tail"):
    """All that exists has been sent; what follows is new. Sent once in an attach with `follow`."""

    cursor: Cursor


class Watch(Message, frozen=True, kw_only=True, tag="watch"):
    """Follow the feed: a snapshot first, then what happens. See claude_remote.feed.

    With a `window`, no more than about so many items are on their way that were not yet told to be Seen; a
    slow watcher is then not shown the past, however much a network holds, but how things stand.
    """

    window: Count = 0  # 0: any number


class Seen(Message, frozen=True, kw_only=True, tag="seen"):
    """Within a watch: items up to this one have been shown."""

    seq: Count


class Feed(Message, frozen=True, kw_only=True, tag="feed"):
    """Payload: one message of claude_remote.feed, msgpack, in several frames (`more`) when it is long."""

    more: bool = False
