"""Rules beside the real claude: what ours let pass, claude with the same rule in its settings lets pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from claude_remote.rules import Use, matches, parse
from tests.e2e.claude_alone import run_as_worker
from tests.fakes.messages_api import ScriptedApi, bash, reply, text, tool
from tests.fakes.script import Use as Used

pytestmark = pytest.mark.e2e

COMMANDS = [
    "mk",
    "mk a",
    "mk  a",
    "mka",
    "mk 'a b'",
    "mk 'a\nb'",
    "mk *.py",
    "mk --x=1",
    "mk a && mk b",
    "mk a && rm b",
    "mk a; mk b",
    "mk a | mk b",
    "mk a | tee x",
    "mk a | head -5",
    "mk a | cat b.txt",
    "mk a\nmk b",
    "mk a\nrm b",
    "mk a || true",
    "echo x && mk a",
    "mk a > out",
    "mk a > /dev/null 2>&1",
    "mk a 2>/dev/null",
    "mk a < in",
    "mk $X",
    "mk $(date)",
    'mk "$(date)"',
    "mk `date`",
    "mk <(rm b)",
    "mk {a,b}",
    "mk a &",
    "(mk a)",
    "FOO=1 mk a",
    "sudo mk a",
    "env mk a",
    "mk a # b",
    "mk ~/a",
    "mk a && cat /etc/hostname",
    "cd /etc && mk a",
    "touch a",
    "touch a b",
    "touch /etc/a",
    "touch a && touch b",
    "touch a && touch /etc/b",
    "touch a /etc/b",
    "touch ../a",
    "touch *",
    "rm -rf /",
]
BASH_RULES = ["Bash(mk *)", "Bash(mk:*)", "Bash(mk)", "Bash(mk a)", "Bash(mk*)", "Bash(touch *)", "Bash"]
FILES = [
    "src/a",
    "src/deep/a",
    "a",
    "src/../b",
    "src/in/a",
    "src/.bashrc",
    ".claude/settings.json",
    "/etc/zz",
]
FILE_RULES = ["Edit(src/**)", "Edit(src/*)", "Edit(src)", "Edit(*.txt)", "Edit", "Write", "Edit(//etc/**)"]
_AT_ONCE = 12


def asked(api: ScriptedApi, home: Path, prompt: str, uses: list[Used], rule: str | None) -> dict[str, Any]:
    """What claude asks about, by the id of the tool's use; everything is denied.

    The model wants several at once, which is faster; claude looks at them one after the other.
    """
    together = [uses[start : start + _AT_ONCE] for start in range(0, len(uses), _AT_ONCE)]
    api.on(prompt, *[reply(*some) for some in together], text("Ended."))
    flags = [] if rule is None else ["--settings", json.dumps({"permissions": {"allow": [rule]}})]
    ran = run_as_worker(api, home, prompt, *flags, allow=False)
    lines = [json.loads(line) for line in ran.lines]
    requests = [line["request"] for line in lines if line["type"] == "control_request"]
    told = [block for line in lines if line["type"] == "user" for block in _results(line)]
    assert {each["tool_use_id"] for each in told} == {use.id for use in uses}
    # Claude leaves out what is behind one that has failed, if it would have let them run together.
    assert not [each for each in told if "Cancelled" in str(each["content"])], told
    return {each["tool_use_id"]: each for each in requests if each["subtype"] == "can_use_tool"}


def _results(line: dict[str, Any]) -> list[dict[str, Any]]:
    content = line["message"]["content"]
    return [] if isinstance(content, str) else [each for each in content if each["type"] == "tool_result"]


def use_of(request: dict[str, Any], home: Path) -> Use:
    """As the broker sees it."""
    name = request["input"].get("file_path", "")
    return Use(
        tool=request["tool_name"],
        input=json.dumps(request["input"]).encode(),
        folder=str(home),
        reason=request.get("decision_reason") or "",
        reason_type=request.get("decision_reason_type") or "",
        blocked=request.get("blocked_path") or "",
        path=str((home / name).resolve()) if name else "",
        guarded=bool(request.get("suppress_always_allow_rule")),
    )


def compare(home: Path, uses: list[tuple[str, Used]], rules: list[str]) -> dict[str, set[str]]:
    """For each rule, what it lets pass here; fails if claude asks about any of it."""
    passed: dict[str, set[str]] = {}
    with ScriptedApi() as api:
        plain = asked(api, home, "plain", [use for _, use in uses], None)
        for rule in rules:
            ours = {
                words
                for words, use in uses
                if use.id in plain and matches(parse(rule), use_of(plain[use.id], home))
            }
            theirs = asked(api, home, f"with {rule}", [use for _, use in uses], rule)
            broader = {words for words, use in uses if words in ours and use.id in theirs}
            assert not broader, f"{rule} lets pass what claude asks about: {broader}"
            passed[rule] = ours
    return passed


def test_commands(tmp_path: Path) -> None:
    uses = [(command, bash(command).blocks[0]) for command in COMMANDS]
    passed = compare(tmp_path, [(words, use) for words, use in uses if isinstance(use, Used)], BASH_RULES)
    for rule in ("Bash(mk *)", "Bash(mk:*)"):
        assert {"mk", "mk a", "mk 'a b'", "mk a && mk b", "mk a | mk b", "mk a > /dev/null 2>&1"} <= passed[
            rule
        ]
    assert "touch a" in passed["Bash(touch *)"]
    assert "rm -rf /" not in passed["Bash"]


def test_files(tmp_path: Path) -> None:
    (tmp_path / "src" / "deep").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    (tmp_path / "src" / "in").symlink_to("../secret")
    uses = [(name, tool("Write", file_path=str(tmp_path / name), content="x")) for name in FILES]
    passed = compare(tmp_path, uses, FILE_RULES)
    assert passed["Edit(src/**)"] == {"src/a", "src/deep/a"}
