"""Conversations of claude's own, whoever began them: an errand, and what it tells."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from claude_remote.messages.base import Count, Folder, Line, Record, Time, Word
from claude_remote.messages.errands import Errand


class ListConversations(Errand, frozen=True, kw_only=True, tag="list-conversations"):
    """What claude has on disk, the latest first: those in the client's roots. Parcels: Conversation each."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 200


class Conversation(Record, frozen=True, kw_only=True, omit_defaults=True):
    """One of them. Those of this server's own sessions are among them: their `claude_session` is its id."""

    id: Word
    cwd: Folder
    changed: Time
    size: Count = 0  # of its transcript, bytes
    title: Line = ""
    first_words: Line = ""
    last_words: Line = ""
    pid: Count = 0  # of the claude that has it open; 0: none has
    terminal: Word = ""  # and on which terminal: pts/3
    since: Time = 0.0  # and since when that runs
