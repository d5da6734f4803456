"""The prompts that were sent and whose turn has not begun: they wait, and can be taken back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from claude_remote.cli.interactive.remote import Remote
from claude_remote.cli.interactive.scroll import Scroll
from claude_remote.cli.interactive.status import describe_waiting
from claude_remote.cli.terminal import escape
from claude_remote.client.conversation.items import Said
from claude_remote.client.conversation.summaries import one_line
from claude_remote.client.events import Event, Finished, Reconnecting, Waiting
from claude_remote.errors import RemoteError
from claude_remote.messages import PromptState


@dataclass
class _Sent:
    text: str
    said: bool  # it is printed already
    since: float
    why: str = ""
    place: int = 0
    taken_back: bool = False


class Prompts:
    """Sends prompts; `give_back` gets the text of one that did not run."""

    def __init__(self, remote: Remote, scroll: Scroll, give_back: Callable[[str], None]) -> None:
        self._remote = remote
        self._scroll = scroll
        self._give_back = give_back
        self._sent: dict[str, _Sent] = {}
        self.mine: set[str] = set()  # all that were ever sent from here

    def __bool__(self) -> bool:
        return bool(self._sent)

    def send(self, text: str, *, busy: bool) -> None:
        """Send one. When another turn runs, it is printed when its own begins."""
        at_once = not busy and not self._sent
        identity = self._remote.prompt(text)
        self.mine.add(identity)
        self._sent[identity] = _Sent(text, at_once, time.monotonic())
        if at_once:
            self._scroll.say(Said(id=0, text=text))

    def begun(self, prompt: str | None) -> None:
        """The turn of a prompt has begun."""
        sent = self._sent.pop(prompt or "", None)
        if sent is not None and not sent.said:
            self._scroll.say(Said(id=0, text=sent.text))

    def take_back(self) -> None:
        """Take back what still waits."""
        for identity, sent in self._sent.items():
            if not sent.taken_back:
                sent.taken_back = True
                self._remote.withdraw(identity)

    def tell(self, prompt: str, event: Event) -> None:
        """What the server says of a prompt that waits."""
        sent = self._sent.get(prompt)
        match event:
            case Waiting(why=why, place=place) if sent is not None:
                sent.why, sent.place = why, place
            case Reconnecting() if sent is not None:
                sent.why, sent.place = "away", 0
            case Finished(state=state, reason=reason) if sent is not None:
                del self._sent[prompt]
                if sent.taken_back and state is PromptState.VOID:
                    self._give_back(sent.text)
                elif state is not PromptState.DONE:
                    self._scroll.remark(reason or "The prompt did not run.")

    def failed(self, prompt: str, error: RemoteError) -> None:
        """The server does not take it."""
        sent = self._sent.pop(prompt, None)
        self._scroll.warn(error.message)
        if sent is not None:
            self._give_back(sent.text)

    @property
    def first(self) -> tuple[str, float] | None:
        """Why the first of them waits, in words, and since when."""
        sent = next(iter(self._sent.values()), None)
        return None if sent is None else (describe_waiting(sent.why, sent.place), sent.since)

    @property
    def lines(self) -> list[str]:
        """Those that are not printed yet."""
        return [f"  queued: {escape(one_line(each.text))}" for each in self._sent.values() if not each.said]
