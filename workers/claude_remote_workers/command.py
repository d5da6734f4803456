"""How claude is started: its arguments and its environment."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

from claude_remote.bus import Lease
from claude_remote.processes import LEASE_VARIABLE

_PATTERN = re.compile(r"[\[\]*!\\]")
# What a worker needs of its claude, whatever the session is.
ALWAYS = (
    "-p",
    "--input-format",
    "stream-json",
    "--output-format",
    "stream-json",
    "--verbose",
    "--permission-prompt-tool",
    "stdio",
    "--include-partial-messages",
    "--replay-user-messages",
)


def build_arguments(program: str, lease: Lease, private: Iterable[str] = (), *, resume: bool) -> list[str]:
    """The command line for a lease. `resume`: a transcript of its claude session exists.

    `private` folders hold the keys and logs of claude-remote itself: claude reads without asking what lies
    below its own folder, which may be above them. (Seen in 2.1.330: a rule for Read holds for links, too, and
    for most shell commands that name a file; `grep -r` and wildcards from above get around it.)
    """
    arguments = [program, *ALWAYS]
    if resume:
        arguments.append(f"--resume={lease.claude_session}")
    elif lease.fork_of is not None:
        arguments += [f"--resume={lease.fork_of}", "--fork-session", f"--session-id={lease.claude_session}"]
    else:
        arguments.append(f"--session-id={lease.claude_session}")
    if lease.worktree and not resume:
        arguments.append(f"--worktree={lease.worktree}")
    for folder in dict.fromkeys(name for path in private for name in (path, os.path.realpath(path))):
        # Absolute paths begin with two slashes in rules. They are patterns: `?` is any one letter.
        rule = f"/{_PATTERN.sub('?', folder)}/**"
        arguments += [f"--disallowedTools=Read({rule})", f"--disallowedTools=Edit({rule})"]
    arguments += lease.options
    # Last, for the last one wins. A resumed claude has forgotten its mode.
    if lease.mode:
        arguments.append(f"--permission-mode={lease.mode}")
    if lease.model:
        arguments.append(f"--model={lease.model}")
    return arguments


def build_environment(given: Mapping[str, str], marker: str) -> dict[str, str]:
    """The server's environment for claude, with what a worker relies on."""
    return {
        **given,
        "CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS": "1",  # session_state_changed: when a turn has ended
        LEASE_VARIABLE: marker,
    }
