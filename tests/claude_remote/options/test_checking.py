"""What the server lets through, and what claude is then given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_remote.errors import BadOption, RightMissing
from claude_remote.options import OPTIONS, Kind, check
from claude_remote.rights import FULL, WORK, Right

PROMPT = frozenset({Right.PROMPT})


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        (["--allowedTools", "Bash"], Right.APPROVE),
        (["--permission-mode=acceptEdits"], Right.APPROVE),
        (["--permission-mode", "auto"], Right.APPROVE),
        (["--settings", '{"hooks":{}}'], Right.APPROVE),
        (["--mcp-config", "{}"], Right.APPROVE),
        (["--add-dir", "/srv"], Right.APPROVE),
        (["--permission-mode", "bypassPermissions"], Right.EXEC),
        (["--dangerously-skip-permissions"], Right.EXEC),
        (["--allow-dangerously-skip-permissions"], Right.EXEC),
        (["--brand-new", "value"], Right.EXEC),
        (["--brand-new=value"], Right.EXEC),
    ],
)
def test_what_needs_a_right(options: list[str], missing: Right) -> None:
    rights = PROMPT if missing is Right.APPROVE else WORK
    with pytest.raises(RightMissing) as caught:
        check(options, rights)
    assert caught.value.detail["right"] == missing
    assert check(options, rights | {missing})


@pytest.mark.parametrize(
    "options",
    [
        ["--model", "opus", "--effort", "high", "--max-turns", "3", "--append-system-prompt", "be kind"],
        ["--permission-mode", "plan"],
        ["--permission-mode", "dontAsk"],
        ["--disallowedTools", "Bash", "Edit"],
        ["--json-schema", '{"type":"object"}'],
    ],
)
def test_what_needs_none(options: list[str]) -> None:
    assert check(options, PROMPT)


def test_taken_apart() -> None:
    checked = check(
        ["--model", "opus", "--permission-mode=plan", "--tools", "Bash", "Read", "--add-dir", "../x", "/y"],
        WORK,
    )
    assert checked.model == "opus"
    assert checked.mode == "plan"
    assert checked.paths == ("../x", "/y")
    assert checked.rest == ("--tools=Bash", "--tools=Read", "--add-dir=../x", "--add-dir=/y")


def test_skipping_permissions_is_a_mode() -> None:
    checked = check(["--dangerously-skip-permissions"], FULL)
    assert checked.mode == "bypassPermissions"
    assert checked.rest == ("--allow-dangerously-skip-permissions",)


def test_files_or_json() -> None:
    assert check(["--settings", '{"a": 1}', "--mcp-config", "{}"], WORK).paths == ()
    assert check(["--settings", "a.json", "--mcp-config", "b.json"], WORK).paths == ("a.json", "b.json")


@pytest.mark.parametrize(
    "options",
    [
        ["a prompt"],
        ["--model"],
        ["--output-format=json"],
        ["--resume", "x"],
        ["-p"],
        ["--permission-prompt-tool=mine"],
        ["--permission-mode=whatever"],
        ["--add-dir", "~/x"],
        ["--settings="],
        ["--model=opus", "stray"],
    ],
)
def test_what_nobody_may_send(options: list[str]) -> None:
    with pytest.raises(BadOption):
        check(options, FULL)


@pytest.mark.parametrize(
    "options",
    [["--" + "x" * 9999], ["y" * 9999], ["--permission-mode", "z" * 9999], ["--add-dir", "~" * 9999]],
)
def test_an_error_stays_short_whatever_was_sent(options: list[str]) -> None:
    with pytest.raises((BadOption, RightMissing)) as caught:
        check(options, WORK)
    assert len(caught.value.message) < 300
    assert all(len(text) <= 64 for text in caught.value.detail.values())


PLAIN = [option for option in OPTIONS.values() if option.kind is Kind.CLAUDE]


@given(st.lists(st.sampled_from([*OPTIONS, "--x", "-x"]) | st.text(max_size=8)))
def test_nothing_unknown_gets_through_without_exec(options: list[str]) -> None:
    """Whatever is sent: without `exec`, claude gets known options alone, each with its value in one word."""
    try:
        checked = check(options, WORK)
    except (BadOption, RightMissing):
        return
    names = {option.name for option in PLAIN if option.right is not Right.EXEC}
    assert all(word.partition("=")[0] in names for word in checked.rest)
    assert checked.mode != "bypassPermissions"
