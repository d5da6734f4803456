"""Who may ask for what: every request, and the right it needs."""

from __future__ import annotations

from typing import TypeAlias

from claude_remote.messages.administration import Draining, LogLines, ServerLogs, Shutdown
from claude_remote.messages.approvals import (
    Approval,
    Approvals,
    Decide,
    Decided,
    File,
    ListApprovals,
    Receipt,
    ShowApproval,
)
from claude_remote.messages.audit import AuditRecords, AuditSeen, CheckAudit, ReadAudit
from claude_remote.messages.base import Cancel, Done, Error, Heartbeat, Hello, Message, Part, Ping
from claude_remote.messages.clients import (
    Approve,
    ChangeRights,
    Clients,
    ListClients,
    Refuse,
    Revoke,
    Ring,
    Standing,
)
from claude_remote.messages.commands import Exec
from claude_remote.messages.conversations import ListConversations
from claude_remote.messages.errands import Credit, Direct, Parcel
from claude_remote.messages.files import Get, Put
from claude_remote.messages.log import Attach, Events, Feed, Reset, Seen, Tail, Watch
from claude_remote.messages.prompts import Accepted, Finished, Interrupt, Prompt, Waiting, Withdraw
from claude_remote.messages.rules import AddRule, ListRules, RemoveRule, Rules
from claude_remote.messages.sessions import (
    Answer,
    Await,
    Close,
    Control,
    ListSessions,
    Open,
    Opened,
    Rename,
    Sessions,
)
from claude_remote.messages.status import ShowStatus, Status, Vitals
from claude_remote.messages.updating import Update
from claude_remote.messages.workers import ListWorkers, ScaleWorkers, Workers
from claude_remote.rights import Right

Request: TypeAlias = (
    Ping
    | Ring
    | Open
    | Prompt
    | Attach
    | ListSessions
    | ShowStatus
    | Await
    | Rename
    | Close
    | Control
    | Watch
    | Decide
    | ListApprovals
    | ShowApproval
    | AddRule
    | ListRules
    | RemoveRule
    | Interrupt
    | ListClients
    | Approve
    | Refuse
    | Revoke
    | Exec
    | Shutdown
    | ServerLogs
    | Get
    | Put
    | ListConversations
    | ChangeRights
    | ListWorkers
    | ScaleWorkers
    | ReadAudit
    | CheckAudit
    | Update
)
# Everything that a client may send, and everything that a server may.
FromClient: TypeAlias = (
    Hello | Heartbeat | Error | Part | Parcel | Credit | Withdraw | Cancel | Seen | Request
)
FromServer: TypeAlias = (
    Hello
    | Heartbeat
    | Error
    | Done
    | Standing
    | Opened
    | Sessions
    | Status
    | Vitals
    | Answer
    | Feed
    | Decided
    | Receipt
    | Approvals
    | Approval
    | File
    | Rules
    | Accepted
    | Waiting
    | Events
    | Reset
    | Tail
    | Finished
    | Clients
    | Parcel
    | Credit
    | Direct
    | Draining
    | LogLines
    | Workers
    | AuditRecords
    | AuditSeen
)

# The right that each request needs; the router looks here, and nowhere else.
NEEDS: dict[type[Message], Right | None] = {
    Ping: None,
    Open: Right.PROMPT,
    Prompt: Right.PROMPT,
    Attach: None,  # its own only, without `view`
    ListSessions: None,  # without `view` a client sees its own sessions alone
    ShowStatus: None,  # likewise
    Await: None,  # likewise
    Rename: Right.PROMPT,
    Close: Right.PROMPT,
    Control: Right.PROMPT,
    Watch: Right.VIEW,
    Decide: Right.APPROVE,
    ListApprovals: None,  # likewise
    ShowApproval: None,  # likewise
    AddRule: Right.APPROVE,
    ListRules: None,  # without `view` it sees its own alone
    RemoveRule: Right.APPROVE,
    Interrupt: Right.PROMPT,
    Withdraw: Right.PROMPT,
    ListClients: Right.ADMIN,
    Approve: Right.ADMIN,
    Refuse: Right.ADMIN,
    Revoke: Right.ADMIN,
    Exec: Right.EXEC,
    Shutdown: Right.ADMIN,
    ServerLogs: Right.ADMIN,
    Get: Right.FILES,
    Put: Right.FILES,
    ListConversations: Right.VIEW,
    ChangeRights: Right.ADMIN,
    ListWorkers: Right.ADMIN,
    ScaleWorkers: Right.ADMIN,
    ReadAudit: Right.ADMIN,
    CheckAudit: Right.APPROVE,
    Update: Right.ADMIN,
}
