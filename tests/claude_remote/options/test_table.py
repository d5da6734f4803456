"""The table against the real claude."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from claude_remote.options import OPTIONS, Kind, Values, check
from claude_remote.rights import FULL
from tests.fakes.claude import run_claude
from tests.fakes.messages_api import ScriptedApi, bash, text

pytestmark = pytest.mark.e2e

_ROW = re.compile(
    r"^  ((?:-\w, )?--[^\s<\[,]+(?:, --[^\s<\[,]+)?)(?: (<[^>]+>|\[[^\]]+\]))?(?:\s|$)", re.MULTILINE
)


_VALUES = {"--settings": "{}", "--setting-sources": "user"}  # looked at before other options
_INVALID = re.compile(r"option '(--[\w-]+)[^']*' argument '1' is invalid")


def test_every_option_of_claude_is_in_the_table(tmp_path: Path) -> None:
    with ScriptedApi() as api:
        shown = run_claude(api, tmp_path, "--help").stdout
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
        ran = run_claude(
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
    left = {option.name: option.values for option in OPTIONS.values() if option.kind is Kind.CLAUDE}
    assert len(left) > 30
    with ScriptedApi() as api:
        while True:
            words = [
                name if values is Values.NONE else f"{name}={_VALUES.get(name, '1')}"
                for name, values in left.items()
            ]
            ran = run_claude(api, tmp_path, "-p", *words, "--no-such-option")
            assert ran.returncode == 1
            known = _INVALID.search(ran.stderr)
            if known is None:
                break
            del left[known[1]]  # it exists, and 1 is not one of its values
        assert "unknown option '--no-such-option'" in ran.stderr
