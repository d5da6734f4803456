"""Broker to worker: its lease, and what is to be done in it."""

from __future__ import annotations

from typing import Literal

from claude_remote.bus.base import Epoch, Seq, Verb
from claude_remote.messages import Behavior


class Who(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """I do not know this socket: make a new one and send Ready."""


class Welcome(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """I know you. `acked` is the last event I have of your session; send what comes after it again."""

    acked: Seq = 0


class Lease(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """Own this session: start its claude. Events get numbers from `next` on.

    `options` are claude's own arguments; `mode` and `model` are what the session has now, and win over them;
    `rules` are what somebody allowed for the session, as claude's settings write them.
    The worker resumes `claude_session` when a transcript of it exists, and begins it otherwise.
    """

    session: str
    epoch: Epoch
    next: Seq
    claude_session: str
    cwd: str
    options: tuple[str, ...] = ()
    fork_of: str | None = None  # begin as a fork of this claude session
    worktree: str = ""  # begin in `base`, with a new git worktree of this name, which shall be `cwd`
    base: str = ""
    mode: str | None = None
    model: str | None = None
    rules: tuple[str, ...] = ()


class Ack(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """All events up to `seq` are stored."""

    session: str
    epoch: Epoch
    seq: Seq


class Give(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """A prompt for claude. Payload: its text, UTF-8. `again`: it may have reached claude in another lease.

    With `again` the worker looks into claude's transcript first: if the prompt's id is there, it answers
    with a TurnFinished(interrupted), because the prompt may have had effects. `now`: into the turn that runs;
    if claude does not read it there, or none runs, it is the next.
    """

    session: str
    epoch: Epoch
    prompt: str
    client: str = ""
    again: bool = False
    now: bool = False


class Verdict(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """The decision of an approval. Payload, if any: the tool's input as it shall be used, JSON."""

    session: str
    epoch: Epoch
    approval: str
    behavior: Behavior
    by: str
    for_session: bool = False
    message: str = ""
    stop: bool = False
    mode: str = ""  # with allow: the permission mode from here on
    rule: str = ""  # the id of the standing rule that decides


class Look(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """Read the file that an approval is for. Answered by Seen."""

    session: str
    epoch: Epoch
    request: str
    approval: str


class Stop(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """End the running turn, if it is that of `prompt` (None: whatever runs)."""

    session: str
    epoch: Epoch
    prompt: str | None = None


class Ask(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """Send claude a control request. Payload: its arguments, a JSON object."""

    session: str
    epoch: Epoch
    request: str
    subtype: str


class Release(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """End claude and yourself. `park`: wait for the turn to end; `now`: interrupt it, and record `reason`."""

    session: str
    epoch: Epoch
    how: Literal["park", "now"]
    reason: str = ""  # a clause: "the server is shutting down"
