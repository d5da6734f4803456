from __future__ import annotations

import asyncio

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import fragment_list_to_text, to_formatted_text

from claude_remote.cli.interactive import completion
from claude_remote.cli.interactive.completion import FindFiles, PromptCompleter
from claude_remote.client.conversation.items import Command

COMMANDS = (
    Command("compact", "Make it short", "<hints>"),
    Command("ship", "Ship it"),
    Command("__internal"),
    Command("evil\x1b"),
)


async def no_files(_query: str) -> list[str]:
    raise AssertionError("nobody asked for files")


def complete(text: str, find: FindFiles = no_files) -> list[tuple[str, str]]:
    """The text after each completion, and what is shown beside it."""
    completer = PromptCompleter(lambda: COMMANDS, find)

    async def collect() -> list[tuple[str, str]]:
        return [
            (
                text[: len(text) + each.start_position] + each.text,
                fragment_list_to_text(to_formatted_text(each.display_meta)),
            )
            async for each in completer.get_completions_async(Document(text), CompleteEvent())
        ]

    return asyncio.run(collect())


def test_commands_of_claude_and_of_ours() -> None:
    assert [text for text, _ in complete("/")] == ["/compact", "/exit", "/help", "/quit", "/ship"]
    assert complete("/comp") == [("/compact", "<hints>  Make it short")]


def test_what_begins_so_comes_first() -> None:
    assert [text for text, _ in complete("/i")] == ["/exit", "/quit", "/ship"]
    assert [text for text, _ in complete("/h")] == ["/help", "/ship"]


@pytest.mark.parametrize("text", ["ship", "a /ship", "/ship now", "", "me@example.org x", "a@b"])
def test_where_nothing_is_completed(text: str) -> None:
    assert complete(text) == []


def finder(*answers: list[str]) -> tuple[FindFiles, list[str]]:
    asked: list[str] = []
    left = list(answers)

    async def find(query: str) -> list[str]:
        asked.append(query)
        return left.pop(0)

    return find, asked


def test_files() -> None:
    find, asked = finder(["src/", "src/a b.py", "evil\x1b"])
    assert [text for text, _ in complete("look at @s", find)] == ["look at @src/", 'look at @"src/a b.py"']
    assert asked == ["s"]


def test_a_path_in_quotes_goes_on() -> None:
    find, asked = finder(["a b/c d"])
    assert [text for text, _ in complete('@"a', find)] == ['@"a b/c d"']
    assert asked == ["a"]


def test_claude_is_asked_again_while_it_makes_its_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completion, "_AGAIN_AFTER", 0.0)
    find, asked = finder([], ["a.py"])
    assert [text for text, _ in complete("@a", find)] == ["@a.py"]
    assert asked == ["a", "a"]


def test_a_search_that_takes_too_long_gives_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completion, "FIND_WITHIN", 0.01)

    async def never(_query: str) -> list[str]:
        await asyncio.Event().wait()
        return []

    assert complete("@a", never) == []
