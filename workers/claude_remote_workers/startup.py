"""The beginning of a claude: `initialize`, and what is said and done when it is not answered."""

from __future__ import annotations

from typing import Any

import msgspec

from claude_remote import facts
from claude_remote_workers import rules, stream_json
from claude_remote_workers.outside import Outside

_INITIALIZE = "claude-remote-initialize"
_SLOW = 20.0  # seconds; on a busy machine it takes one or two
_TOO_SLOW = 120.0


class Startup:
    """From the start of the process to its answer."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._started = 0.0
        self._remarked_on = False
        self.ready = False
        self.failure = ""  # why it was given up

    def begin(self, now: float, allowed: tuple[str, ...] = ()) -> None:
        """The process runs: ask it to begin, with the rules that hold for its session."""
        self._started = now
        self._outside.write(stream_json.request(_INITIALIZE, "initialize"))
        if allowed:
            self._outside.write(rules.allow(allowed))

    def answered(self, answer: stream_json.Answer) -> bool:
        """Whether this is the answer. Its content stays in the log: commands, models and so on."""
        if answer.request_id == rules.RULES:
            if answer.subtype != "success":
                why = answer.error or "claude refused it"
                words = f"What was allowed for this session is asked again: {why}."
                self._outside.record(facts.Notice(level="warning", text=words))
            return True
        if answer.request_id != _INITIALIZE:
            return False
        if not self.ready:
            self.ready = True
            version = text_in(answer.response, "claude_code_version")
            self._outside.record(facts.ClaudeReady(version=version))
        return True

    @property
    def next_deadline(self) -> float | None:
        """When tick() has something to do."""
        if self.ready or self.failure:
            return None
        return self._started + (_TOO_SLOW if self._remarked_on else _SLOW)

    def tick(self, now: float) -> None:
        """Remark on a slow start; give up a claude that does not answer at all."""
        deadline = self.next_deadline
        if deadline is None or now < deadline:
            return
        if not self._remarked_on:
            self._remarked_on = True
            words = f"claude was started {_SLOW:.0f} s ago and has not answered yet; it is given up after"
            self._outside.record(facts.Notice(level="warning", text=f"{words} {_TOO_SLOW:.0f} s."))
        else:
            self.failure = f"claude did not start within {_TOO_SLOW:.0f} s and was ended."
            self._outside.kill()


def text_in(given: bytes | msgspec.Raw, name: str) -> str:
    """A text of a JSON object; empty when it is not there."""
    try:
        value = msgspec.json.decode(given or b"{}", type=dict[str, Any]).get(name)
    except (msgspec.DecodeError, RecursionError):
        return ""
    return value if isinstance(value, str) else ""
