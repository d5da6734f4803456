"""Bringing the server, or its claude, to the newest version: an errand, and the headers of its parcels."""

from __future__ import annotations

from typing import TypeAlias

from claude_remote.messages.base import Line, Record, Word
from claude_remote.messages.errands import Errand


class Update(Errand, frozen=True, kw_only=True, tag="update"):
    """Install the newest version of the server (or of `claude`) beside the running one and restart into it.

    `check`: only tell. Parcels from it: Plan, Step and Output lines; last of all Restarts, after which the
    link breaks with `restarting`, or an error says why the server goes on as it is. None ends it.
    """

    check: bool = False
    claude: bool = False


class UpdateWord(Record, frozen=True, kw_only=True, tag_field="word"):
    """The header of a parcel."""


class Plan(UpdateWord, frozen=True, kw_only=True, tag="plan"):
    """What is there, and what will be done. `newer`: whether there is something to do."""

    what: Line
    current: Word
    newest: Word
    newer: bool
    how: Line


class Step(UpdateWord, frozen=True, kw_only=True, tag="step"):
    """What is done now."""

    words: Line


class Progress(UpdateWord, frozen=True, kw_only=True, tag="progress"):
    """Payload: what a program that is run for it has written."""


class Restarts(UpdateWord, frozen=True, kw_only=True, tag="restarts"):
    """The server restarts now, into `version` if what starts is another one."""

    version: Word = ""


FromUpdate: TypeAlias = Plan | Step | Progress | Restarts
