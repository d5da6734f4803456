"""The table against the real claude."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from claude_remote.options import OPTIONS, Kind, Values, check
from claude_remote.rights import FULL
from tests.fakes.messages_api import ScriptedApi, bash, claude_environment, claude_program, text

pytestmark = pytest.mark.e2e

_ROW = re.compile(
    r"^  ((?:-\w, )?--[^\s<\[,]+(?:, --[^\s<\[,]+)?)(?: (<[^>]+>|\[[^\]]+\]))?(?:\s|$)", re.MULTILINE
)


def claude(api: ScriptedApi, home: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [claude_program(), *argv],
        env=claude_environment(api, home),
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_option_of_claude_is_in_the_table(tmp_path: Path) -> None:
    with ScriptedApi() as api:
        shown = claude(api, tmp_path, "--help").stdout
    rows = _ROW.findall(shown.partition("\nOptions:")[2].partition("\nCommands:")[0])
    assert len(rows) > 60
    for spellings, value in rows:
        values = (
            Values.NONE
            if not value
            else Values.OPTIONAL
            if value.startswith("[")
            else Values.MANY
            if value.endswith("...>")
            else Values.ONE
        )
        for spelling in spellings.split(", "):
            assert spelling in OPTIONS, spelling
            if spelling != "--tmux":  # says `--tmux=classic` in words only
                assert OPTIONS[spelling].values is values, spelling


def test_claude_takes_each_option_as_it_is_written(tmp_path: Path) -> None:
    """Repeating `--x=value` adds up, and none of what passes through is unknown to claude."""
    options = {
        "--model": "opus",
        "--effort": "low",
        "--append-system-prompt": "--brief",
        "--max-turns": "3",
        "--permission-mode": "bypassPermissions",
        "--settings": "{}",
        "--mcp-config": '{"mcpServers":{}}',
        "--setting-sources": "user",
        "--max-budget-usd": "5",
        "--thinking": "disabled",
        "--tools": "",
    }
    given = [word for name, value in options.items() for word in (name, value)]
    checked = check([*given, "--tools", "Bash", "Read", "--add-dir", "/tmp", "/var"], FULL)
    with ScriptedApi() as api:
        api.reply(bash("touch here"), text("Done."))
        ran = claude(
            api,
            tmp_path,
            "-p",
            *checked.rest,
            f"--permission-mode={checked.mode}",
            "--output-format=json",
            "go",
        )
        assert (ran.returncode, ran.stderr) == (0, "")
        assert json.loads(ran.stdout)["result"] == "Done."
        assert (tmp_path / "here").exists()
        assert api.calls[0].tools == {"Bash", "Read"}
        assert "--brief" in json.dumps(api.calls[0].body["system"])


def test_every_option_that_passes_through_exists(tmp_path: Path) -> None:
    passed = {option.name: option for option in OPTIONS.values() if option.kind is Kind.CLAUDE}
    with ScriptedApi() as api:
        for name, option in passed.items():
            word = name if option.values is Values.NONE else f"{name}=1"
            ran = claude(api, tmp_path, "-p", word, "--no-such-option")
            assert ran.returncode == 1
            assert f"unknown option '{name}" not in ran.stderr
