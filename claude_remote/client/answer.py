"""Claude's answer as text, put together from its stream-json lines. Sans-IO.

Claude sends a text twice: in pieces while it is written (`stream_event`) and whole when a content block is
finished (`assistant`). The whole one is what counts: when the connection to the model breaks in the middle,
Claude asks again, and the pieces that were shown are replaced by another text. What slash commands print
comes only whole, or even only in the `result` line.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec
from msgspec import Struct


class Text(Struct, frozen=True):
    """More of the text that is being written."""

    text: str


class NewText(Struct, frozen=True):
    """A new text begins: what follows is to be set apart from what came before."""


class Rewritten(Struct, frozen=True):
    """What was shown of the present text does not hold: Claude began anew. The right text follows."""


class ToolUse(Struct, frozen=True):
    """Claude uses a tool (and is asked for an approval, if it needs one, beside this)."""

    id: str
    tool: str
    input: dict[str, Any]
    parent: str | None


class ToolResult(Struct, frozen=True):
    """What a tool gave."""

    id: str
    error: bool
    text: str
    parent: str | None


class Retry(Struct, frozen=True):
    """Claude could not reach the model, and tries again in `delay` seconds."""

    attempt: int
    of: int
    delay: float
    error: str
    status: int | None


class Info(Struct, frozen=True):
    """A remark of Claude's own for the user."""

    text: str


class Result(Struct, frozen=True, kw_only=True):
    """The end of a turn, as Claude gives it. `cost` (US dollars) is of the whole conversation so far."""

    error: bool
    subtype: str
    text: str
    errors: tuple[str, ...]
    reason: str
    cost: float
    duration: float
    turns: int


Piece: TypeAlias = Text | NewText | Rewritten | ToolUse | ToolResult | Retry | Info | Result


class _Delta(Struct):
    type: str = ""
    text: str = ""


class _Inner(Struct):
    type: str = ""
    index: int = 0
    delta: _Delta | None = None
    content_block: _Delta | None = None


class _Block(Struct):
    type: str = ""
    text: str = ""
    id: str = ""
    name: str = ""
    input: Any = None
    tool_use_id: str = ""
    is_error: bool | None = None
    content: Any = None


class _Message(Struct):
    content: list[_Block] | str = ""
    id: str = ""


class _Line(Struct):
    type: str = ""
    subtype: str = ""
    event: _Inner | None = None
    message: _Message | None = None
    parent_tool_use_id: str | None = None
    isReplay: bool = False  # noqa: N815  claude's own spelling
    is_error: bool = False
    result: str | None = None
    errors: tuple[str, ...] | None = None
    terminal_reason: str | None = None
    total_cost_usd: float = 0.0
    duration_ms: float = 0.0
    num_turns: int = 0
    attempt: int = 0
    max_retries: int = 0
    retry_delay_ms: float = 0.0
    error: Any = None
    error_status: int | None = None
    content: Any = None


_decoder = msgspec.json.Decoder(_Line, strict=False)


class Answer:
    """Give it every line of a turn, in order; it says what is new for a reader."""

    def __init__(self) -> None:
        self._begun = False  # any text was given at all
        self._open: list[str] = []  # what was given of the block that is being written
        self._writing = False
        self._whole: list[str] = []  # the finished texts

    def read(self, raw: bytes) -> list[Piece]:
        """What this line adds. A line of a shape that is not known adds nothing."""
        try:
            line = _decoder.decode(raw)
        except (msgspec.DecodeError, RecursionError):
            return []
        pieces: list[Piece] = []
        match line.type:
            case "stream_event" if line.event is not None and line.parent_tool_use_id is None:
                pieces = self._stream(line.event)
            case "assistant" if line.message is not None:
                pieces = self._assistant(line.message, line.parent_tool_use_id)
            case "user" if line.message is not None and not line.isReplay:
                pieces = _tool_results(line.message, line.parent_tool_use_id)
            case "system":
                pieces = _system(line)
            case "result":
                pieces = self._result(line)
        return pieces

    def _stream(self, event: _Inner) -> list[Piece]:
        if event.type == "message_start" and self._writing:
            # The message before this one was never finished: this is the second try.
            self._writing = self._begun = False
            return [Rewritten()]
        if event.type == "content_block_delta" and event.delta is not None and event.delta.text:
            return self._more(event.delta.text)
        return []

    def _more(self, text: str) -> list[Piece]:
        pieces: list[Piece] = []
        if not self._writing:
            if self._begun:
                pieces.append(NewText())
            self._writing = True
            self._open.clear()
        self._begun = True
        self._open.append(text)
        pieces.append(Text(text))
        return pieces

    def _assistant(self, message: _Message, parent: str | None) -> list[Piece]:
        blocks = [_Block("text", message.content)] if isinstance(message.content, str) else message.content
        pieces: list[Piece] = []
        for block in blocks:
            if block.type == "tool_use":
                pieces.append(
                    ToolUse(
                        block.id, block.name, block.input if isinstance(block.input, dict) else {}, parent
                    )
                )
            elif block.type == "text" and parent is None:
                pieces += self._finish(block.text)
        return pieces

    def _finish(self, whole: str) -> list[Piece]:
        if not whole:
            return []
        self._whole.append(whole)
        if self._writing:
            self._writing = False
            shown = "".join(self._open)
            if not whole.startswith(shown):
                return [Rewritten(), Text(whole)]
            rest = whole[len(shown) :]
            return [Text(rest)] if rest else []
        pieces = self._more(whole)
        self._writing = False
        return pieces

    def _result(self, line: _Line) -> list[Piece]:
        whole = line.result or ""
        result = Result(
            error=line.is_error or line.subtype != "success",
            subtype=line.subtype,
            text=whole,
            errors=line.errors or (),
            reason=line.terminal_reason or "",
            cost=line.total_cost_usd,
            duration=line.duration_ms / 1000,
            turns=line.num_turns,
        )
        pieces: list[Piece] = []
        text = whole.strip()
        if text and text not in (
            self._whole[-1].strip() if self._whole else "",
            "".join(self._whole).strip(),
        ):
            pieces += self._finish(whole)
        self._writing = False
        return [*pieces, result]


def _tool_results(message: _Message, parent: str | None) -> list[Piece]:
    if isinstance(message.content, str):
        return []
    return [
        ToolResult(block.tool_use_id, bool(block.is_error), _plain(block.content), parent)
        for block in message.content
        if block.type == "tool_result"
    ]


def _plain(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        texts = [each.get("text", "") for each in content if isinstance(each, dict)]
        return "\n".join(text for text in texts if isinstance(text, str))
    return ""


def _system(line: _Line) -> list[Piece]:
    match line.subtype:
        case "api_retry":
            return [
                Retry(
                    line.attempt,
                    line.max_retries,
                    line.retry_delay_ms / 1000,
                    line.error if isinstance(line.error, str) else "",
                    line.error_status,
                )
            ]
        case "informational" if isinstance(line.content, str):
            return [Info(line.content)]
        case _:
            return []
