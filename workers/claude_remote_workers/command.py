"""How claude is started: its arguments and its environment."""

from __future__ import annotations

from collections.abc import Mapping

from claude_remote.bus import Lease
from claude_remote.processes import LEASE_VARIABLE

_ALWAYS = (
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


def build_arguments(program: str, lease: Lease, *, resume: bool) -> list[str]:
    """The command line for a lease. `resume`: a transcript of its claude session exists."""
    arguments = [program, *_ALWAYS]
    if resume:
        arguments.append(f"--resume={lease.claude_session}")
    elif lease.fork_of is not None:
        arguments += [f"--resume={lease.fork_of}", "--fork-session", f"--session-id={lease.claude_session}"]
    else:
        arguments.append(f"--session-id={lease.claude_session}")
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
