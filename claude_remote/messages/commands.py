"""Running a command on the server's machine: an errand, and the headers of its parcels."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from claude_remote.messages.base import Record, Word
from claude_remote.messages.errands import FolderErrand


class Size(Record, frozen=True, kw_only=True):
    """Of a terminal, in letters."""

    rows: Annotated[int, Meta(ge=0, le=65535)]
    columns: Annotated[int, Meta(ge=0, le=65535)]


class Exec(FolderErrand, frozen=True, kw_only=True, tag="exec"):
    """Run a command. Payload: its words, each ended by a zero byte; a single one is a line for the shell.

    Parcels to it: Input, Signalled, Resized. From it: Output, at last Exited (`background`: Started, and the
    command goes on). Everything it started ends with it, or with the exchange if that is first.
    """

    terminal: Size | None = None  # run it on a terminal of this size
    term: Word = ""  # and of this kind: TERM
    background: bool = False

    @property
    def leaves_processes(self) -> bool:
        """Whether it is to start something that outlives it."""
        return self.background


class CommandWord(Record, frozen=True, kw_only=True, tag_field="word"):
    """The header of a parcel."""


class Input(CommandWord, frozen=True, kw_only=True, tag="input"):
    """Payload: for its standard input. `last`: and then nothing more."""

    last: bool = False


SignalName: TypeAlias = Literal["INT", "TERM", "HUP", "QUIT", "USR1", "USR2"]


class Signalled(CommandWord, frozen=True, kw_only=True, tag="signal"):
    """Urgent: a signal for its process group."""

    signal: SignalName


class Resized(CommandWord, frozen=True, kw_only=True, tag="size"):
    """Urgent: its terminal has another size."""

    size: Size


class Output(CommandWord, frozen=True, kw_only=True, tag="output"):
    """Payload: what it wrote, to standard output or (`error`) to standard error."""

    error: bool = False


class Started(CommandWord, frozen=True, kw_only=True, tag="started"):
    """It runs in the background."""

    pid: Annotated[int, Meta(ge=1, le=2**31 - 1)]


class Exited(CommandWord, frozen=True, kw_only=True, tag="exited"):
    """How it ended: its exit code, or 128 and the number of the signal that killed it."""

    code: Annotated[int, Meta(ge=0, le=255)]


ToCommand: TypeAlias = Input | Signalled | Resized
FromCommand: TypeAlias = Output | Started | Exited
