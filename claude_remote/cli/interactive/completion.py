"""Completing what is being typed: claude's slash commands, and `@path` in the session's folder."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from claude_remote.cli.terminal import escape
from claude_remote.client.conversation.items import Command

FIND_WITHIN = 1.0  # seconds that a search for files may take; typing never waits for it
# Claude makes its list of files when it is asked the first time, and finds nothing until it has it.
_AGAIN_AFTER = 0.2
_MOST_FILES = 20
_LONGEST_META = 60

_COMMAND = re.compile(r"/([\w:.-]*)")
_PATH = re.compile(r"(?:^|\s)@\"?([^\s\"]*)$")

OWN = (
    Command("help", "what can be done here"),
    Command("exit", "leave; a running turn goes on"),
    Command("quit", "leave; a running turn goes on"),
)

# Asks for files whose path fits; it may fail by giving none.
FindFiles = Callable[[str], Awaitable[list[str]]]


class PromptCompleter(Completer):
    """Completes a prompt. `commands` gives claude's own commands as far as they are known."""

    def __init__(self, commands: Callable[[], Iterable[Command]], find: FindFiles) -> None:
        self._commands = commands
        self._find = find

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Commands, which are here already."""
        del complete_event
        if found := _COMMAND.fullmatch(document.text_before_cursor):
            yield from self._complete_command(found[1])

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """Commands, and files, which claude is asked for."""
        for completion in self.get_completions(document, complete_event):
            yield completion
        found = _PATH.search(document.text_before_cursor)
        if found is None:
            return
        typed = document.text_before_cursor[document.text_before_cursor.rindex("@") :]
        for path in (await self._find_twice(found[1]))[:_MOST_FILES]:
            if path and escape(path) == path:
                written = f'@"{path}"' if " " in path else f"@{path}"
                yield Completion(written, -len(typed), display=path)

    async def _find_twice(self, query: str) -> list[str]:
        try:
            async with asyncio.timeout(FIND_WITHIN):
                found = await self._find(query)
                if not found:
                    await asyncio.sleep(_AGAIN_AFTER)
                    found = await self._find(query)
        except TimeoutError:
            return []
        return found

    def _complete_command(self, typed: str) -> Iterable[Completion]:
        known = {command.name: command for command in (*self._commands(), *OWN)}
        # What begins so, then what has it in the middle.
        names = sorted(known, key=lambda name: (not name.startswith(typed), name))
        for name in names:
            if typed in name and escape(name) == name and not name.startswith("__"):
                command = known[name]
                meta = escape(f"{command.argument}  {command.description}".strip())
                if len(meta) > _LONGEST_META:
                    meta = f"{meta[: _LONGEST_META - 1]}…"
                yield Completion(f"/{name}", -len(typed) - 1, display_meta=meta)
