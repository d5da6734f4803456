"""What every verb is, the limits of the bus, and the beat that goes both ways."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from claude_remote.messages import Count, Time

VERSION = 1
# What a worker may send before it is acknowledged; then it holds back, first in memory, then in a file.
WINDOW = 8 * 1024 * 1024
# And so many batches: what comes meanwhile is put together, so that they grow when the broker is behind. It
# acknowledges half of them at once.
WINDOW_BATCHES = 64
MAX_LINE = 64 * 1024 * 1024
MAX_BATCH = 1024 * 1024  # lines of one batch, unless a single line is longer
HEARTBEAT_EVERY = 1.0
DEAD_AFTER = 5.0

Epoch: TypeAlias = Annotated[int, Meta(ge=1, le=2**53)]
Seq: TypeAlias = Count
# Of events in a batch: numbers and counts begin at 1.
Positive: TypeAlias = Annotated[int, Meta(ge=1, le=2**53)]
Pid: TypeAlias = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class Verb(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The header of one verb."""


class Beat(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """Both ways, every HEARTBEAT_EVERY seconds. The broker's says that it knows you.

    `at` is the broker's time; the worker's next beat gives it back as `echo` after having `held` it so many
    seconds, which tells the round trip. The rest is the worker's too: the pid of its claude, how many seconds
    ago that wrote something (None: nothing yet), and how many bytes are not acknowledged.
    """

    at: Time = 0.0
    echo: Time = 0.0
    held: Time = 0.0
    claude: Pid = 0
    claude_ago: Time | None = None
    kept: Count = 0
