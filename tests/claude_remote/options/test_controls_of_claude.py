"""The list of control requests against the real claude: it knows each, with these arguments."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from claude_remote.options import CONTROLS, check_control
from claude_remote.rights import FULL
from claude_remote_workers.command import ALWAYS
from tests.fakes.messages_api import ScriptedApi, claude_environment, claude_program, improvise

pytestmark = pytest.mark.e2e

ARGUMENTS: dict[str, object] = {
    "mode": "plan",
    "model": "opus",
    "max_thinking_tokens": 2000,
    "query": "a",
    "question": "why?",
    "description": "a session",
    "title": "a title",
    "task_id": "none",
    "serverName": "none",
    "enabled": True,
    "user_message_id": "11111111-1111-4111-8111-111111111111",
    "dry_run": True,
    "settings": {},
    "persist": False,
}


def test_claude_knows_each(tmp_path: Path) -> None:
    with (
        ScriptedApi(otherwise=improvise) as api,
        subprocess.Popen(
            [claude_program(), *ALWAYS],
            env=claude_environment(api, tmp_path),
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as claude,
    ):
        assert claude.stdin
        assert claude.stdout
        for subtype, control in CONTROLS.items():
            arguments = {name: ARGUMENTS[name] for name in (*control.needed, *control.optional)}
            check_control(subtype, arguments, FULL)
            request = {"subtype": subtype, **arguments}
            line = {"type": "control_request", "request_id": subtype, "request": request}
            claude.stdin.write(json.dumps(line).encode() + b"\n")
        claude.stdin.flush()
        answers: dict[str, dict[str, object]] = {}
        while len(answers) < len(CONTROLS):
            said = json.loads(claude.stdout.readline())
            if said["type"] == "control_response":
                answers[said["response"]["request_id"]] = said["response"]
        claude.stdin.close()
    refused = {name: answer.get("error") for name, answer in answers.items() if answer["subtype"] == "error"}
    assert not [name for name, error in refused.items() if "nsupported" in str(error)], refused
    # These are about things that are not there; the rest is answered.
    assert set(refused) <= {"mcp_reconnect", "mcp_toggle", "rewind_files", "get_task_output", "get_plan"}, (
        refused
    )
