"""What claude keeps on disk of its conversations, and which of its processes have one open.

Below CLAUDE_CONFIG_DIR or ~/.claude there are `projects/<folder>/<conversation>.jsonl`, the transcripts (the
folder's name is made from the working directory and ambiguous, so every folder is looked at), and
`sessions/<pid>.json`: what each claude says of itself, 0.3 s after its start and anew when it goes on to
another conversation (/clear, /resume). It is removed when claude exits, and stays when claude is killed; the
kernel's start time in it tells whether the pid is still the same process. Claude itself does not look there
before it resumes: two that write to one transcript make a tree of it, and the next resume follows one branch
alone. (All seen in 2.1.330.)
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from claude_remote import processes
from claude_remote.processes import Process
from claude_remote.surrogates import replace_halves

_ID = re.compile(r"[0-9a-f]{4}[0-9a-f-]{0,32}")
_WHOLE = 36
_ENTRIES_AT_MOST = 4096
_ENTRY_AT_MOST = 64 * 1024
_HEAD = 256 * 1024


class Owner(NamedTuple):
    """A claude of somebody's that has a conversation open."""

    conversation: str
    process: Process
    since: float  # when it was started, seconds since the epoch
    terminal: str  # "pts/3"; empty when it has none

    def describe(self) -> str:
        """Which one it is, in words for its user."""
        where = f" on {self.terminal}" if self.terminal else ""
        return f"claude with pid {self.process.pid}{where}, since {_clock(self.since)}"


class _Entry(Struct):
    """Of a file in `sessions`."""

    pid: int
    conversation: str = msgspec.field(name="sessionId")
    proc_start: str | int | None = msgspec.field(default=None, name="procStart")
    started_at: float = msgspec.field(default=0.0, name="startedAt")  # milliseconds
    domain: str = msgspec.field(default="", name="pidDomain")


class _Head(Struct):
    cwd: str = ""


_decoder = msgspec.json.Decoder(_Entry)
_head_decoder = msgspec.json.Decoder(_Head)


def find_home(environment: Mapping[str, str]) -> Path:
    """The folder in which claude keeps its things when it runs in this environment."""
    config = environment.get("CLAUDE_CONFIG_DIR")
    return Path(config) if config else Path(environment.get("HOME") or Path.home()) / ".claude"


def may_be_id(text: str) -> bool:
    """Whether this can be a conversation's id, or at least four letters of its beginning."""
    return _ID.fullmatch(text.lower()) is not None


def find_transcripts(home: Path, beginning: str, at_most: int = 16) -> list[Path]:
    """The transcripts of the conversations whose ids begin so; nothing for what is no beginning of one."""
    if not may_be_id(beginning):
        return []
    star = "" if len(beginning) == _WHOLE else "*"
    return [*islice((home / "projects").glob(f"*/{beginning.lower()}{star}.jsonl"), at_most)]


def find_folder(transcript: Path) -> str | None:
    """The folder in which a conversation began: the first that its transcript names. None if there is none.

    Raises OSError.
    """
    with transcript.open("rb") as file:
        head = file.read(_HEAD)
    for line in head.split(b"\n"):
        if b'"cwd"' in line:
            try:
                cwd = _head_decoder.decode(replace_halves(line)).cwd
            except (msgspec.DecodeError, RecursionError):
                continue  # cut at the end of what was read, or by the death of its claude
            if cwd:
                return cwd
    return None


def find_owners(home: Path) -> list[Owner]:
    """Every living claude and the conversation that it says it has open.

    A claude in another pid namespace (a container that shares the folder) cannot be looked at from here, and
    counts as none.
    """
    owners = []
    for entry in _entries(home / "sessions"):
        process = _find_living(entry)
        if process is not None:
            since = entry.started_at / 1000 or _started(process)
            owners.append(Owner(entry.conversation, process, since, _terminal(process)))
    return owners


def _entries(folder: Path) -> Iterator[_Entry]:
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".json"))  # noqa: PTH208  twice as fast
    except OSError:  # no claude has run here yet
        return
    for name in names[:_ENTRIES_AT_MOST]:
        try:
            with (folder / name).open("rb") as file:
                yield _decoder.decode(file.read(_ENTRY_AT_MOST))
        except (OSError, msgspec.DecodeError, RecursionError):
            continue  # its claude has just ended, or writes it just now


def _find_living(entry: _Entry) -> Process | None:
    if entry.domain and not entry.domain.endswith(_namespace()):
        return None
    process = processes.find_process(entry.pid)
    if process is None or entry.proc_start is None:
        return process
    return process if str(entry.proc_start) == str(processes.ticks(process)) else None


def _namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")  # noqa: PTH115  a text, not a path
    except OSError:
        return ""


def _terminal(process: Process) -> str:
    try:
        name = os.readlink(f"/proc/{process.pid}/fd/0")  # noqa: PTH115  a text, not a path
    except OSError:
        return ""
    return name.removeprefix("/dev/") if name.startswith(("/dev/pts/", "/dev/tty")) else ""


def _started(process: Process) -> float:
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + process.started


def _clock(at: float) -> str:
    now, then = time.localtime(), time.localtime(at)
    return time.strftime("%H:%M" if now[:3] == then[:3] else "%d %b %H:%M", then)
