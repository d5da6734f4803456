"""When somebody else opens the conversation: two claudes on one transcript would part it in two."""

from __future__ import annotations

from collections.abc import Callable

from claude_remote import facts
from claude_remote_workers.ending import Ending
from claude_remote_workers.outside import Outside
from claude_remote_workers.turns import Turns
from claude_remote_workers.words import describe_rival


class Yielding:
    """Looks before each turn and after it. `conversation` gives the id that claude has for it now.

    Nobody can keep a terminal from resuming the conversation of a running session. What can be done: this
    claude ends, and the next one, which knows the turns of the other, is started when that has left.
    """

    def __init__(
        self, outside: Outside, turns: Turns, ending: Ending, conversation: Callable[[], str]
    ) -> None:
        self._outside = outside
        self._turns = turns
        self._ending = ending
        self._conversation = conversation

    def gives_way(self, now: float) -> bool:
        """Whether somebody else has it open. Then what waits is refused, and claude ends."""
        rival = self._outside.find_rival(self._conversation()) if self._turns.at_rest else None
        if rival is None:
            return False
        words = describe_rival(rival)
        self._outside.record(facts.Notice(level="warning", text=f"{words} Until then claude is ended here."))
        self._turns.refuse(words)
        self._turns.leaving = True
        self._ending.begin("park", now)
        return True
