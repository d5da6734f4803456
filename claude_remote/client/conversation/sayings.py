"""What stands in the user's place: prompts and commands, what commands print, and what claude puts there."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable

from claude_remote.client.conversation.items import Change, Said, Words

_MOST_CLIENTS = 1000
_LONGEST_SAID = 64 * 1024
_TAGGED = re.compile(r"<command-(name|args)>(.*?)</command-\1>", re.DOTALL)
_OUTPUT = re.compile(r"\s*<local-command-std(?:out|err)>(.*?)</local-command-std(?:out|err)>\s*", re.DOTALL)
# What claude puts into the conversation itself, in the user's place.
_NOT_SAID = ("[Request interrupted by user", "<task-notification>", "<system-reminder>", "Caveat:")


class Sayings:
    """Tells who said what. `number` numbers a new item."""

    def __init__(self, number: Callable[[], int]) -> None:
        self._number = number
        self._clients: OrderedDict[str, str] = OrderedDict()  # who gave which prompt
        self._told: str | None = None  # the prompt that was said before claude has repeated it

    def remember(self, prompt: str, client: str) -> None:
        """A prompt is this client's."""
        self._clients[prompt] = client
        while len(self._clients) > _MOST_CLIENTS:
            self._clients.popitem(last=False)

    def hear(self, text: str, prompt: str | None, *, replay: bool) -> list[Change]:
        """A text in the user's place. `replay`: claude repeats what it was given, as this prompt."""
        if output := _OUTPUT.fullmatch(text):
            if not output[1].strip():
                return []
            return [Words(id=self._number(), kind="output", text=output[1].strip("\n"))]
        if replay and prompt is not None and prompt == self._told:
            return []
        if text and replay and not text.startswith(_NOT_SAID):
            return [self._said(text, prompt)]
        return []

    def tell(self, text: str, prompt: str) -> list[Change]:
        """This prompt is answered now; claude will repeat it later."""
        self._told = prompt
        return [self._said(text, prompt)]

    def _said(self, text: str, prompt: str | None) -> Said:
        tags = dict(_TAGGED.findall(text))
        if "name" in tags:
            text = f"{tags['name']} {tags.get('args', '')}"
        client = self._clients.get(prompt or "", "")
        return Said(id=self._number(), text=text.strip()[:_LONGEST_SAID], prompt=prompt, client=client)
