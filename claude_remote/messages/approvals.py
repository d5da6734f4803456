"""Claude's questions and what is decided of them."""

from __future__ import annotations

from enum import StrEnum

from claude_remote.messages.base import Count, Line, Message, Record, Time, Uuid, Words


class ApprovalInfo(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A question of Claude's that waits. The tool's whole input is in the session's log, at `seq`."""

    id: Uuid
    session: Uuid
    session_name: Line
    tool: Line
    summary: Line
    seq: Count
    since: Time


class Behavior(StrEnum):
    """What was decided."""

    ALLOW = "allow"
    DENY = "deny"


class Decide(Message, frozen=True, kw_only=True, tag="decide"):
    """Decide an approval. As a request it is answered by Decided; within an exchange also."""

    approval: Uuid
    behavior: Behavior
    for_session: bool = False  # allow the like for the rest of this session
    message: Words = ""  # with deny: the reason, told to Claude
    stop: bool = False  # with deny: end the turn


class Decided(Message, frozen=True, kw_only=True, tag="decided"):
    """The decision is recorded and on its way to claude; `by` decided first, it may be somebody else.

    Within an exchange, `lost` says in words why a decision had no effect (its question is no more).
    """

    approval: Uuid
    behavior: Behavior
    by: Line
    lost: Words = ""
