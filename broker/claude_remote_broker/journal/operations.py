"""What a Store may ask of the journal."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from claude_remote_broker.journal.rows import ApprovalRow, PromptRow, RuleRow, SessionRow, Tombstone
from claude_remote_broker.ports import Row


class PutSession(Struct, frozen=True):
    """Create a session, or write what is known of it anew."""

    row: SessionRow


class AddPrompt(Struct, frozen=True):
    """Create a prompt with its text, UTF-8. Its id must be new."""

    row: PromptRow
    text: bytes


class PutPrompt(Struct, frozen=True):
    """Write what is known of a prompt anew. The text of one that has ended is dropped."""

    row: PromptRow


class PutApproval(Struct, frozen=True):
    """Create an approval, or write what is known of it anew."""

    row: ApprovalRow


class Append(Struct, frozen=True):
    """Append a batch to a session's log. Its first number must be the one after the last."""

    session: str
    row: Row


class PutRule(Struct, frozen=True):
    """Create a standing rule."""

    row: RuleRow


class DropRule(Struct, frozen=True):
    """Withdraw a standing rule."""

    rule: str


class PutScale(Struct, frozen=True):
    """How many workers the owner wants, in words of claude_remote_broker.scale."""

    words: str


class Trim(Struct, frozen=True):
    """Remove a session with its log and its approvals; the ids of its prompts stay. The log goes little by
    little, afterwards.
    """

    tombstone: Tombstone


Operation: TypeAlias = (
    PutScale | PutSession | AddPrompt | PutPrompt | PutApproval | Append | Trim | PutRule | DropRule
)
