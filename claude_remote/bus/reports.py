"""Worker to broker: what it is, what its claude says, and its end."""

from __future__ import annotations

from claude_remote.bus.base import Epoch, Pid, Positive, Seq, Verb
from claude_remote.messages import Count, Source, Time


class Ready(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """First on every new socket. What the worker is, and all that it has: the broker sends the rest.

    `lease` is None until the worker has one. `acked` is the last event it knows to be stored, `next` the
    number its next new event gets. `prompts`: ids it was given in this lease, `decisions`: approvals whose
    decision it was given.
    """

    token: str
    worker: str
    pid: Pid
    started: Time  # start time of the process, from the boot, seconds: with pid it names the process
    session: str | None = None
    epoch: Count = 0
    acked: Seq = 0
    next: Seq = 1
    prompts: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()


class Batch(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """Events first … first+count-1 of the session. Payload: their lines, each ended by a newline."""

    session: str
    epoch: Epoch
    first: Positive
    count: Positive
    source: Source
    at: Time


class Reply(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """Claude's answer to Ask. Payload: JSON (with `ok` false: {"error": words})."""

    request: str
    ok: bool


class Seen(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """The file of an approval. Payload: its content, unless it is `missing` or `refused` (why, in words)."""

    request: str
    path: str = ""
    missing: bool = False
    refused: str = ""


class Gone(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """Claude has ended, every event is acknowledged, the worker exits now."""

    session: str
    epoch: Epoch
