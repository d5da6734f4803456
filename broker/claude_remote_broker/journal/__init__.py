"""What the broker knows, on disk: sessions with their logs, prompts and approvals, in one SQLite database."""

from claude_remote_broker.journal.journal import Journal
from claude_remote_broker.journal.operations import (
    AddPrompt,
    Append,
    DropRule,
    Operation,
    PutApproval,
    PutPrompt,
    PutRule,
    PutScale,
    PutSession,
    Trim,
)
from claude_remote_broker.journal.recovery import Recovered, RecoveredSession, WaitingPrompt
from claude_remote_broker.journal.rows import (
    ApprovalRow,
    ApprovalStep,
    DecisionRow,
    LeaseRow,
    PromptRow,
    RuleRow,
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
    "ApprovalStep",
    "DecisionRow",
    "DropRule",
    "Journal",
    "JournalUnusable",
    "LeaseRow",
    "Operation",
    "PromptRow",
    "PutApproval",
    "PutPrompt",
    "PutRule",
    "PutScale",
    "PutSession",
    "Recovered",
    "RecoveredSession",
    "RuleRow",
    "SessionRow",
    "Tombstone",
    "Trim",
    "Turn",
    "WaitingPrompt",
    "Worktree",
]
