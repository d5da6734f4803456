"""Which question is answered by which rule."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_remote.rules import Use, matches, parse, why_never

FOLDER = "/home/me/work"


def use(tool: str, **given: object) -> Use:
    said = {
        name: given.pop(name) for name in ("reason", "reason_type", "blocked", "guarded") if name in given
    }
    path = str(given.get("file_path", ""))
    return Use(tool=tool, input=json.dumps(given).encode(), folder=FOLDER, path=path, **said)  # type: ignore[arg-type]


def runs(rule: str, command: str, **said: object) -> bool:
    return matches(parse(rule), use("Bash", command=command, **said))


@pytest.mark.parametrize("rule", ["Bash(mk *)", "Bash(mk:*)"])
@pytest.mark.parametrize(
    "command",
    ["mk", "mk a", "mk a && mk b", "mk a | head -5", "mk 'a b'", "mk a > /dev/null 2>&1", "echo a; mk a"],
)
def test_commands_that_a_rule_lets_pass(rule: str, command: str) -> None:
    assert runs(rule, command)


@pytest.mark.parametrize(
    "command",
    [
        "mka",
        "rm a",
        "mk a && rm b",
        "mk a; rm b",
        "mk a | sh",
        "mk a\nrm b",
        "mk a > out",
        "mk $(rm b)",
        "mk a &",
        "A=1 mk a",
        "sudo mk a",
        "echo a",
        "mk a | head /etc/passwd",
        "mk a | cat x",
    ],
)
def test_commands_that_somebody_is_asked_about(command: str) -> None:
    assert not runs("Bash(mk *)", command)


def test_without_a_star_it_is_this_command_alone() -> None:
    assert runs("Bash(mk a)", "mk a")
    assert not runs("Bash(mk a)", "mk a b")
    assert not runs("Bash(mk a)", "mk")
    assert runs("Bash(mk*)", "mka")
    assert runs("Bash(mk * b)", "mk a b")


def test_paths_of_commands_stay_in_the_folder() -> None:
    assert runs("Bash(touch *)", "touch a", blocked=f"{FOLDER}/a")
    assert not runs("Bash(touch *)", "touch /etc/a", blocked="/etc/a")
    assert not runs("Bash(touch *)", "touch a", blocked=f"{FOLDER}/../a")
    # Claude names one path; the other may be anywhere.
    assert not runs("Bash(touch *)", "touch a /etc/b", blocked=f"{FOLDER}/a")
    assert not runs("Bash(touch *)", "touch a && touch /etc/b", reason_type="subcommandResults")
    assert not runs("Bash(touch *)", "touch *")
    assert runs("Bash(mk *)", "mk *")


@pytest.mark.parametrize("rule", ["Bash", "Bash(mk *)"])
@pytest.mark.parametrize(
    "reason_type", ["safetyCheck", "rule", "hook", "classifier", "sandboxOverride", "new"]
)
def test_what_a_person_is_to_decide_is_answered_by_no_rule(rule: str, reason_type: str) -> None:
    assert not runs(rule, "mk a", reason_type=reason_type)
    assert why_never(use("Bash", command="mk a", reason_type=reason_type))
    assert not runs(rule, "mk a", guarded=True)


def test_what_claude_finds_remarkable_is_answered_by_no_narrow_rule() -> None:
    said = {"reason": "A variable in this command can't be checked before it runs", "reason_type": "other"}
    assert not runs("Bash(mk *)", "mk a", **said)
    assert runs("Bash", "mk a", **said)


def test_files() -> None:
    rule = parse("Edit(src/**)")
    for tool in ("Edit", "MultiEdit", "Write"):
        assert matches(rule, use(tool, file_path=f"{FOLDER}/src/a.py"))
        assert not matches(rule, use(tool, file_path=f"{FOLDER}/a.py"))
        assert not matches(rule, use(tool, file_path=f"{FOLDER}/src/../a.py"))
    assert not matches(rule, use("Read", file_path=f"{FOLDER}/src/a.py"))
    assert matches(parse("Edit(//tmp/**)"), use("Write", file_path="/tmp/a", reason_type="workingDir"))


def test_a_link_leads_nowhere_else() -> None:
    written = Use(tool="Write", input=b'{"file_path":"src/in/a"}', folder=FOLDER, path=f"{FOLDER}/secret/a")
    assert not matches(parse("Edit(src/**)"), written)
    assert matches(parse("Edit(**)"), written)
    unknown = Use(tool="Write", input=b'{"file_path":"src/a"}', folder=FOLDER)
    assert not matches(parse("Edit(src/**)"), unknown)


def test_other_tools() -> None:
    assert matches(parse("mcp__x__y"), use("mcp__x__y"))
    assert not matches(parse("mcp__x__y"), use("mcp__x__yz"))
    for rule in ("mcp__x", "mcp__x__*"):
        assert matches(parse(rule), use("mcp__x__y"))
        assert not matches(parse(rule), use("mcp__xx__y"))
    fetch = parse("WebFetch(domain:example.com)")
    assert matches(fetch, use("WebFetch", url="https://Example.com/a"))
    for url in (
        "https://a.example.com/",
        "https://example.com@evil.com/",
        "file://example.com/",
        "https://[",
        "",
    ):
        assert not matches(fetch, use("WebFetch", url=url))
    assert matches(parse("WebSearch"), use("WebSearch", query="q"))


@given(
    st.binary(max_size=40), st.sampled_from(["Bash(mk *)", "Edit(src/**)", "Read(*)", "WebFetch(domain:a)"])
)
def test_what_is_no_input_is_answered_by_no_rule(data: bytes, rule: str) -> None:
    read = parse(rule)
    assert not matches(read, Use(tool=read.tool, input=data, folder=FOLDER))
