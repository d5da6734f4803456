"""Standing rules: what is allowed without asking, by whom, where, and until when."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from claude_remote.messages.base import Count, Folder, Line, Message, Record, Time, Uuid


class Scope(StrEnum):
    """Where a rule holds."""

    SESSION = "session"  # one session
    FOLDER = "folder"  # sessions that work in a folder or below it
    CLIENT = "client"  # what the client that made it prompts
    EVERYWHERE = "everywhere"


class RuleInfo(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A standing rule. It lasts as long as the client that made it may approve."""

    id: Uuid
    rule: Line  # in claude's grammar, as claude_remote.rules reads it
    scope: Scope
    by: Line  # the client that made it
    created: Time
    expires: Time | None = None
    session: Line = ""  # of the scope session: its id
    session_name: Line = ""
    folder: Folder = ""  # of the scope folder
    used: Count = 0  # since the server began to run
    last_used: Time | None = None


class AddRule(Message, frozen=True, kw_only=True, tag="add-rule"):
    """Allow without asking, from the next question on. Answered by Rules with this one.

    `seconds`: how long it holds, counted from when the server takes it.
    """

    rule: Line
    scope: Scope
    session: Line | None = None  # of the scope session: id, beginning of one, or name
    folder: Folder | None = None  # of the scope folder: relative to where the server starts sessions
    seconds: Annotated[float, Meta(ge=0, le=1e9)] | None = None


class ListRules(Message, frozen=True, kw_only=True, tag="list-rules"):
    """Answered by any number of Rules: all, or without `view` those that this client has made."""


class RemoveRule(Message, frozen=True, kw_only=True, tag="remove-rule"):
    """Withdraw a rule, by its id or the beginning of it. Answered by Rules with this one."""

    rule: Line


class Rules(Message, frozen=True, kw_only=True, tag="rules"):
    """Some standing rules."""

    rules: tuple[RuleInfo, ...] = ()
