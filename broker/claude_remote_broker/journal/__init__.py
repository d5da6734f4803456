"""What the broker knows, on disk: sessions with their logs, prompts and approvals, in one SQLite database."""

from claude_remote_broker.journal.journal import Journal
from claude_remote_broker.journal.operations import (
    AddPrompt,
    Append,
    Operation,
    PutApproval,
    PutPrompt,
    PutScale,
    PutSession,
    Trim,
)
from claude_remote_broker.journal.recovery import Recovered, RecoveredSession, WaitingPrompt
from claude_remote_broker.journal.rows import (
    ApprovalRow,
    ApprovalState,
    DecisionRow,
    LeaseRow,
    PromptRow,
    SessionRow,
    Tombstone,
    Turn,
    Worktree,
)
from claude_remote_broker.journal.schema import JournalUnusable

__all__ = [
    "AddPrompt",
    "Append",
    "ApprovalRow",
    "ApprovalState",
    "DecisionRow",
    "Journal",
    "JournalUnusable",
    "LeaseRow",
    "Operation",
    "PromptRow",
    "PutApproval",
    "PutPrompt",
    "PutScale",
    "PutSession",
    "Recovered",
    "RecoveredSession",
    "SessionRow",
    "Tombstone",
    "Trim",
    "Turn",
    "WaitingPrompt",
    "Worktree",
]
