"""Claude's questions and what is decided of them."""

from __future__ import annotations

from enum import StrEnum

from claude_remote.messages.base import Count, Folder, Line, Message, Record, Time, Uuid, Word, Words


class Behavior(StrEnum):
    """What was decided."""

    ALLOW = "allow"
    DENY = "deny"


class ApprovalState(StrEnum):
    """How far a question has come. Each step is recorded on evidence alone: see docs/architecture.md."""

    OPEN = "open"
    DECIDED = "decided"
    DELIVERED = "delivered"  # written to claude's input
    TAKEN = "taken"  # claude has read it and acts on it
    FINISHED = "finished"  # the tool has a result
    VOID = "void"  # the question is no more


class ApprovalInfo(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A question of Claude's. The tool's whole input is in the session's log, at `seq`; see ShowApproval.

    `guarded`: Claude marks it as one that a person decides, so that no rule answers it. `by` has decided
    (`behavior`), `rule` is the standing rule that did. `reason` says why it is void, or that the tool failed.
    """

    id: Uuid
    session: Uuid
    session_name: Line
    tool: Line
    summary: Line
    seq: Count
    since: Time
    state: ApprovalState = ApprovalState.OPEN
    host: Line = ""
    cwd: Folder = ""
    client: Line = ""  # whose prompt runs
    agent: Line = ""  # the subagent that asks
    guarded: bool = False
    behavior: Behavior | None = None
    by: Line = ""
    rule: Line = ""
    reason: Line = ""


class Decide(Message, frozen=True, kw_only=True, tag="decide"):
    """Decide an approval. As a request it is answered by Decided; within an exchange also.

    With `receipt` the request goes on after Decided: Receipts follow until claude has taken the decision or
    the question is no more. Whoever was not the first follows the decision that was. Payload, if any, with
    allow: the tool's input as it shall be used, a JSON object.
    """

    approval: Uuid
    behavior: Behavior
    for_session: bool = False  # allow the like for the rest of this session
    message: Words = ""  # with deny: the reason, told to Claude
    stop: bool = False  # with deny: end the turn
    mode: Word = ""  # with allow: the session's permission mode from here on
    receipt: bool = False


class Decided(Message, frozen=True, kw_only=True, tag="decided"):
    """The decision is recorded and on its way to claude; `by` decided first, it may be somebody else.

    Within an exchange, `lost` says in words why a decision had no effect (its question is no more).
    """

    approval: Uuid
    behavior: Behavior
    by: Line
    lost: Words = ""


class Receipt(Message, frozen=True, kw_only=True, tag="receipt"):
    """How far a decision has come."""

    approval: Uuid
    state: ApprovalState
    reason: Words = ""  # of void


class ListApprovals(Message, frozen=True, kw_only=True, tag="list-approvals"):
    """The questions that are open, of all sessions that this client sees. Answered by Approvals.

    With `follow` the exchange goes on: each that opens or moves on is told by another Approvals.
    """

    follow: bool = False


class Approvals(Message, frozen=True, kw_only=True, tag="approvals"):
    """Some approvals. `begins`: a list of all that are open begins with this message, and replaces what was
    known; `more`: it goes on with the next. Otherwise these have changed.
    """

    approvals: tuple[ApprovalInfo, ...] = ()
    begins: bool = False
    more: bool = False


class ShowApproval(Message, frozen=True, kw_only=True, tag="show-approval"):
    """The whole of a question, by its id or the beginning of it. Answered by Approval.

    With `file`, and if it is for a file that is to be changed, that file as it is now follows in Files.
    """

    approval: Line
    file: bool = False


class Approval(Message, frozen=True, kw_only=True, tag="approval"):
    """A question. Payload: the fact `approval-opened` of the log, JSON, in several frames (`more`)."""

    approval: ApprovalInfo
    more: bool = False


class File(Message, frozen=True, kw_only=True, tag="file"):
    """The file that a question is about. Payload: its content, in several frames (`more`).

    `missing`: there is none. `refused` says in words why it is not shown (too large, no text, …).
    """

    path: Folder = ""
    missing: bool = False
    refused: Line = ""
    more: bool = False
