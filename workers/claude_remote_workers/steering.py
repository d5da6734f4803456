"""Prompts for the turn that runs: written at once, read by claude after the tools that it uses just then.

A prompt's echo, or its `command_lifecycle: started`, is the first sign that claude reads it. Before the
turn's `result` it has become a part of the turn; after it, claude goes on with it as a turn of its own,
without being idle between the two, and with all the others that it had not read. (Found with Claude Code
2.1.330; 2.1.197 gives the echo alone.)
"""

from __future__ import annotations

from dataclasses import dataclass

from claude_remote_workers import stream_json
from claude_remote_workers.outside import Outside

CANCEL = "claude-remote-cancel:"


@dataclass
class Waiting:
    """A prompt that has not begun."""

    prompt: str
    client: str
    text: str


class Steering:
    """What was written and shows no sign of being read yet, in its order."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._written: dict[str, Waiting] = {}
        self._unwanted: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._written)

    @property
    def first(self) -> str:
        """The prompt that was written first."""
        return next(iter(self._written))

    def has(self, prompt: str | None) -> bool:
        """Whether it is one of these."""
        return prompt in self._written

    def write(self, waiting: Waiting) -> None:
        """Give it to claude."""
        self._written[waiting.prompt] = waiting
        self._outside.write(stream_json.prompt(waiting.text, waiting.prompt))

    def take(self, prompt: str) -> Waiting:
        """Claude reads it, or has dropped it."""
        return self._written.pop(prompt)

    def take_all(self) -> list[Waiting]:
        """Claude will not read them."""
        written = [*self._written.values()]
        self._written.clear()
        return written

    def withdraw(self, prompt: str) -> None:
        """Ask claude to drop it; if it reads it nevertheless, it is to be stopped."""
        self._unwanted.add(prompt)
        arguments = {"message_uuid": prompt}
        self._outside.write(stream_json.request(f"{CANCEL}{prompt}", "cancel_async_message", arguments))

    def is_unwanted(self, prompt: str) -> bool:
        """Whether it was withdrawn."""
        return prompt in self._unwanted
