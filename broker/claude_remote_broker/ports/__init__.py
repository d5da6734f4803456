"""The router core's whole world: events go in, commands come out.

The core does no IO and knows no clock: it is given the events of a turn, `core.handle(event, now)` for each,
and `core.commands()` is what follows from all of them. Adapters perform that: the door (Send, Hangup), the
bus (ToWorker), the journal (Store, Load), the launcher (Launch, Kill), the feed (Publish), the registry
(Administer), the file system (CheckFolder).

Order is part of the contract. Commands are performed in the order given; what is to be stored comes last, as
one `Store`. `Stored` and `StoreFailed` name transactions in the order in which they were given. What must not
be seen before it is on disk is commanded only when its `Stored` has come.
"""

from claude_remote_broker.ports.audit import AuditGrown, AuditRead, LookAtAudit, Notify, Record
from claude_remote_broker.ports.base import Command, Connection, Event, Ticket
from claude_remote_broker.ports.bus import FromWorker, ToWorker
from claude_remote_broker.ports.clients import (
    Administer,
    ClientCutOff,
    ClientForgotten,
    ClientTable,
    ClientUpdated,
)
from claude_remote_broker.ports.clock import Tick, Wake
from claude_remote_broker.ports.door import (
    Congested,
    Connected,
    CutDirect,
    Disconnected,
    Drained,
    ExpectDirect,
    Hangup,
    Peer,
    Received,
    Send,
)
from claude_remote_broker.ports.feed import Publish
from claude_remote_broker.ports.folders import CheckFolder, ConversationFound, FindConversation, FolderChecked
from claude_remote_broker.ports.journal import (
    FindApproval,
    FindPrompt,
    Found,
    JournalFigures,
    Load,
    Loaded,
    Measure,
    Measured,
    Row,
    Store,
    Stored,
    StoreFailed,
    Transaction,
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
from claude_remote_broker.ports.server import End, Log, ServerFigures, Survey, Surveyed
from claude_remote_broker.ports.unions import AnyCommand, AnyEvent

__all__ = [
    "Administer",
    "AnyCommand",
    "AnyEvent",
    "AuditGrown",
    "AuditRead",
    "CheckFolder",
    "ClientCutOff",
    "ClientForgotten",
    "ClientTable",
    "ClientUpdated",
    "Command",
    "Congested",
    "Connected",
    "Connection",
    "ConversationFound",
    "CutDirect",
    "Disconnected",
    "Drained",
    "End",
    "Event",
    "ExpectDirect",
    "FindApproval",
    "FindConversation",
    "FindPrompt",
    "FolderChecked",
    "Found",
    "FromWorker",
    "Hangup",
    "JournalFigures",
    "Kill",
    "Launch",
    "LaunchFailed",
    "Load",
    "Loaded",
    "Log",
    "LookAtAudit",
    "Measure",
    "Measured",
    "Notify",
    "Peer",
    "Publish",
    "Received",
    "Record",
    "Row",
    "Send",
    "ServerFigures",
    "Store",
    "StoreFailed",
    "Stored",
    "Survey",
    "Surveyed",
    "Tick",
    "Ticket",
    "ToWorker",
    "Transaction",
    "Wake",
    "Weigh",
    "Weighed",
    "WorkerExited",
    "WorkerLaunched",
    "WorkersKnown",
]
