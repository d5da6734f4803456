"""Command lines, as claude's own parser reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_remote.errors import BadOption
from claude_remote.options import OPTIONS, Kind, Values, check, split
from claude_remote.rights import FULL

OWN = {"-C": Values.ONE, "--cwd": Values.ONE, "--wait": Values.OPTIONAL, "-S": Values.NONE}


@pytest.mark.parametrize(
    ("argv", "options", "words"),
    [
        (["-p", "hello"], [], ["hello"]),
        (["-p", "--model", "opus", "hello"], ["--model=opus"], ["hello"]),
        (["hello", "--model=opus", "-p"], ["--model=opus"], ["hello"]),
        (["--model=a=b"], ["--model=a=b"], []),
        # Many values: all words up to the next option, as claude does; with `=` exactly one.
        (
            ["--allowedTools", "Bash(git *)", "Edit", "--verbose", "hi"],
            ["--allowedTools=Bash(git *)", "--allowedTools=Edit"],
            ["hi"],
        ),
        (["--allowed-tools=Edit", "hi"], ["--allowedTools=Edit"], ["hi"]),
        (["--tools", "", "-p", "hi"], ["--tools="], ["hi"]),
        # A value is taken whatever it looks like.
        (
            ["--append-system-prompt", "--dangerously-skip-permissions"],
            ["--append-system-prompt=--dangerously-skip-permissions"],
            [],
        ),
        (["--prompt-suggestions", "--brief"], ["--prompt-suggestions", "--brief"], []),
        (["--prompt-suggestions", "no"], ["--prompt-suggestions=no"], []),
        # A single dash is a word; so is everything behind two, unless it looks like an option.
        (["-p", "-"], [], ["-"]),
        (["-p", "--", "- buy milk"], [], ["- buy milk"]),
        (
            ["-p", "hi", "--", "--brand-new", "value", "--model", "opus"],
            ["--brand-new", "value", "--model=opus"],
            ["hi"],
        ),
        (["--model", "--", "hi"], ["--model=--"], ["hi"]),
        # What is not known has no value that anybody could know of.
        (["--brand-new", "hi"], ["--brand-new"], ["hi"]),
    ],
)
def test_split(argv: list[str], options: list[str], words: list[str]) -> None:
    parsed = split(argv, OWN)
    assert list(parsed.options) == options
    assert list(parsed.words) == words


def test_our_own_options_stay_with_us() -> None:
    parsed = split(["-cp", "-C", "src", "--wait", "-r", "fix", "--model", "opus", "go on"], OWN)
    assert parsed.options == ("--model=opus",)
    assert [(found.name, found.values) for found in parsed.own] == [
        ("--continue", ()),
        ("--print", ()),
        ("-C", ("src",)),
        ("--wait", ()),
        ("--resume", ("fix",)),
    ]
    assert parsed.rest == ("--continue", "--print", "-C", "src", "--wait=", "--resume=fix", "--", "go on")


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--session-id", "x"], "--name"),
        (["--bg", "hi"], "--resume"),
        (["--model"], "needs a value"),
        (["--brief=yes"], "takes no value"),
    ],
)
def test_refused(argv: list[str], words: str) -> None:
    with pytest.raises(BadOption, match=words):
        split(argv)


def test_every_refusal_says_what_to_do() -> None:
    assert all(option.words for option in OPTIONS.values() if option.kind is Kind.REFUSED)


PASSED = [
    option for option in OPTIONS.values() if option.kind is Kind.CLAUDE and option.name != "--permission-mode"
]


@st.composite
def given_options(draw: st.DrawFn) -> list[str]:
    """Options of claude's with values, each in one of the ways in which it can be written."""
    argv: list[str] = []
    for option in draw(st.lists(st.sampled_from(PASSED), max_size=5)):
        spelling = draw(st.sampled_from([option.name, *option.also]))
        value = draw(st.text(min_size=1))
        if option.values is Values.NONE:
            argv.append(spelling)
        elif option.values is Values.ONE and draw(st.booleans()):
            argv += [spelling, value]
        else:
            argv.append(f"{spelling}={value}")
    return argv


@given(given_options(), st.text(min_size=1).filter(lambda word: not word.startswith("-")))
def test_what_the_client_sends_reads_the_same_at_the_server(argv: list[str], prompt: str) -> None:
    """Sent options split again into themselves, no value becomes one, and the prompt stays the prompt."""
    parsed = split([*argv, "--", prompt])
    assert parsed.words == (prompt,)
    assert split(parsed.options).options == parsed.options
    assert all(word.partition("=")[0] in OPTIONS for word in parsed.options)


@given(st.lists(st.text(max_size=12) | st.sampled_from([*OPTIONS, "--", "-p", "-cp", "--x"])))
def test_any_command_line_is_read_or_refused(argv: list[str]) -> None:
    try:
        parsed = split(argv)
        check(parsed.options, FULL)
    except BadOption as error:
        assert error.message
