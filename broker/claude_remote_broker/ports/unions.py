"""Every event and every command there is."""

from __future__ import annotations

from typing import TypeAlias

from claude_remote_broker.ports.audit import AuditGrown, AuditRead, LookAtAudit, Notify, Record
from claude_remote_broker.ports.bus import FromWorker, ToWorker
from claude_remote_broker.ports.clients import Administer, ClientCutOff, ClientForgotten, ClientUpdated
from claude_remote_broker.ports.clock import Tick, Wake
from claude_remote_broker.ports.door import (
    Congested,
    Connected,
    CutDirect,
    Disconnected,
    Drained,
    ExpectDirect,
    Hangup,
    Received,
    Send,
)
from claude_remote_broker.ports.feed import Publish
from claude_remote_broker.ports.folders import CheckFolder, ConversationFound, FindConversation, FolderChecked
from claude_remote_broker.ports.journal import (
    FindApproval,
    FindPrompt,
    Found,
    Load,
    Loaded,
    Measure,
    Measured,
    Store,
    Stored,
    StoreFailed,
)
from claude_remote_broker.ports.processes import (
    Kill,
    Launch,
    LaunchFailed,
    Weigh,
    Weighed,
    WorkerExited,
    WorkerLaunched,
    WorkersKnown,
)
from claude_remote_broker.ports.server import End, Survey, Surveyed

AnyEvent: TypeAlias = (
    Connected
    | Received
    | Drained
    | Congested
    | Disconnected
    | ClientCutOff
    | ClientForgotten
    | ClientUpdated
    | FolderChecked
    | ConversationFound
    | FromWorker
    | WorkerLaunched
    | LaunchFailed
    | WorkerExited
    | WorkersKnown
    | Weighed
    | Stored
    | StoreFailed
    | Loaded
    | Found
    | AuditGrown
    | AuditRead
    | Measured
    | Surveyed
    | Tick
)
AnyCommand: TypeAlias = (
    Send
    | Hangup
    | ExpectDirect
    | CutDirect
    | Administer
    | Record
    | LookAtAudit
    | Notify
    | CheckFolder
    | FindConversation
    | ToWorker
    | Launch
    | Kill
    | Weigh
    | Store
    | Load
    | FindPrompt
    | FindApproval
    | Measure
    | Survey
    | Publish
    | Wake
    | End
)
