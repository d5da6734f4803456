"""The real claude without claude-remote: as a user runs it, and with the flags of a worker."""

from __future__ import annotations

import json
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claude_remote_workers.command import ALWAYS
from tests.fakes.claude import claude_environment, claude_program, run_claude
from tests.fakes.messages_api import ScriptedApi


@dataclass(frozen=True)
class Ran:
    """What claude printed, and how it ended."""

    lines: tuple[bytes, ...]
    code: int
    stderr: str


def run_locally(api: ScriptedApi, home: Path, prompt: str, *flags: str) -> Ran:
    """`claude -p PROMPT --output-format stream-json`, as a user runs it."""
    ran = run_claude(api, home, "-p", prompt, "--output-format=stream-json", "--verbose", *flags)
    lines = ran.stdout.encode().splitlines(keepends=True)
    return Ran(tuple(lines), ran.returncode, ran.stderr)


def run_as_worker(api: ScriptedApi, home: Path, prompt: str, *flags: str, allow: bool = True) -> Ran:
    """One turn with the flags and the environment of a worker; every question gets the same answer."""
    with subprocess.Popen(
        [claude_program(), *ALWAYS, f"--session-id={uuid.uuid4()}", *flags],
        env=claude_environment(api, home) | {"CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS": "1"},
        cwd=home,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as claude:
        assert claude.stdin
        assert claude.stdout
        assert claude.stderr

        def send(message: dict[str, Any]) -> None:
            assert claude.stdin
            claude.stdin.write(json.dumps(message).encode() + b"\n")
            claude.stdin.flush()

        send({"type": "control_request", "request_id": "1", "request": {"subtype": "initialize"}})
        send({"type": "user", "message": {"role": "user", "content": prompt}, "uuid": str(uuid.uuid4())})
        lines: list[bytes] = []
        for line in claude.stdout:
            lines.append(line)
            said = json.loads(line)
            if said["type"] == "control_request":
                send(_answer(said, allow=allow))
            elif said.get("subtype") == "session_state_changed" and said["state"] == "idle":
                claude.stdin.close()
        code = claude.wait(60)
        return Ran(tuple(lines), code, claude.stderr.read().decode())


def _answer(said: dict[str, Any], *, allow: bool) -> dict[str, Any]:
    decision = (
        {"behavior": "allow", "updatedInput": said["request"]["input"]}
        if allow
        else {"behavior": "deny", "message": "no"}
    )
    response = {"subtype": "success", "request_id": said["request_id"], "response": decision}
    return {"type": "control_response", "response": response}
