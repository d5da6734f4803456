"""A request that claude made to the scripted model, and what the user or a tool last said in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

STEERING = "The user sent a new message while you were working:"


@dataclass(frozen=True)
class Result:
    """A tool's result, as claude tells the model."""

    tool_use: str
    words: str
    error: bool


@dataclass(frozen=True)
class Call:
    """One request. `body` is its JSON."""

    body: dict[str, Any] = field(repr=False)
    headers: dict[str, str] = field(repr=False, default_factory=dict)

    @property
    def model(self) -> str:
        """The model that was asked for."""
        return str(self.body.get("model", ""))

    @property
    def streams(self) -> bool:
        """Whether a stream of events is wanted; claude falls back to a whole answer after a broken one."""
        return bool(self.body.get("stream"))

    @property
    def said(self) -> tuple[str, ...]:
        """All that the user said in this conversation, oldest first, without claude's own reminders."""
        return tuple(
            str(block["text"])
            for message in self.body.get("messages", ())
            if message.get("role") == "user" or _is_steering(message)
            for block in _blocks(message)
            if block.get("type") == "text" and not _is_reminder(str(block["text"]))
        )

    @property
    def brings(self) -> tuple[str, ...]:
        """The texts of the last message, claude's own reminders included."""
        messages = self.body.get("messages", ())
        places = [place for place, each in enumerate(messages) if each.get("role") == "user"]
        last = messages[places[-1] :] if places else ()
        return tuple(
            str(block["text"])
            for message in last
            for block in _blocks(message)
            if block.get("type") == "text"
        )

    @property
    def prompt(self) -> str:
        """What the user said last."""
        return self.said[-1] if self.said else ""

    @property
    def results(self) -> tuple[Result, ...]:
        """The tools' results that this request brings: those of its last message."""
        if not self._user_messages:
            return ()
        return tuple(
            Result(str(block.get("tool_use_id")), _text(block.get("content")), bool(block.get("is_error")))
            for block in _blocks(self._user_messages[-1])
            if block.get("type") == "tool_result"
        )

    @property
    def words(self) -> str:
        """What this request brings: the results, or else the prompt."""
        return "\n".join(result.words for result in self.results) or self.prompt

    @property
    def tools(self) -> frozenset[str]:
        """The names of the tools that the model may use."""
        return frozenset(str(tool.get("name")) for tool in self.body.get("tools", ()))

    @property
    def _user_messages(self) -> list[dict[str, Any]]:
        return [message for message in self.body.get("messages", ()) if message.get("role") == "user"]

    def __repr__(self) -> str:
        return f"Call({self.model}, {self.words[:120]!r})"


def _blocks(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message.get("content")
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content or ())


def _text(content: object) -> str:
    if isinstance(content, list):
        return "".join(str(block.get("text", "")) for block in content)
    return "" if content is None else str(content)


def _is_steering(message: dict[str, Any]) -> bool:
    """Whether it is what 2.1.197 makes of a prompt in the midst of a turn."""
    content = message.get("content")
    return message.get("role") == "system" and isinstance(content, str) and content.startswith(STEERING)


def _is_reminder(words: str) -> bool:
    return words.lstrip().startswith("<system-reminder>")
