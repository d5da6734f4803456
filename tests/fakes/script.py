"""What the scripted model says: replies as values, and how they look on the wire of the Messages API.

The event stream is the one Anthropic documents for `POST /v1/messages` with `"stream": true`.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

WAIT = 60.0  # seconds after which a gate that nobody opens fails its test

_numbers = itertools.count(1)


class Gate:
    """Holds a reply at a place the test chooses: it stands still there until the test opens the gate."""

    def __init__(self) -> None:
        self._reached = threading.Event()
        self._open = threading.Event()

    def wait(self) -> None:
        """Wait until the reply stands at this gate. Raises TimeoutError after WAIT seconds."""
        if not self._reached.wait(WAIT):
            raise TimeoutError("the model was never asked this far")

    def open(self) -> None:
        """Let the reply go on."""
        self._open.set()

    def pass_through(self, closing: threading.Event) -> None:
        """Stand here until the gate is open or the server closes."""
        self._reached.set()
        while not self._open.wait(0.02) and not closing.is_set():
            pass


@dataclass(frozen=True)
class Say:
    """A block of text, sent in `pieces`; `delay` seconds after each. The gate stands after `gate_after`."""

    pieces: tuple[str, ...]
    delay: float = 0.0
    gate: Gate | None = None
    gate_after: int = 1


@dataclass(frozen=True)
class Use:
    """A tool to use. The id is new for each value unless it is given."""

    tool: str
    input: dict[str, object]
    id: str = field(default_factory=lambda: f"toolu_{next(_numbers):024d}")


@dataclass(frozen=True)
class Think:
    """A block of thinking."""

    words: str


Block: TypeAlias = Say | Use | Think


@dataclass(frozen=True)
class Reply:
    """One answer of the model. `cut`: the connection ends after its blocks, in the middle of the stream."""

    blocks: tuple[Block, ...]
    cut: bool = False
    gate: Gate | None = None  # stands before the first byte


@dataclass(frozen=True)
class Failure:
    """An HTTP error, as the API words it."""

    status: int
    kind: str
    message: str
    retry_after: int | None = None


@dataclass(frozen=True)
class Silence:
    """No answer, ever: the request is read, and nothing comes."""

    gate: Gate | None = None  # reached when the request has come; it does not open anything


Answer: TypeAlias = Reply | Failure | Silence

_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}


def say(
    words: str, *, chunks: int = 4, delay: float = 0.0, gate: Gate | None = None, gate_after: int = 1
) -> Say:
    """Text in about `chunks` pieces of the same length."""
    size = max(1, -(-len(words) // chunks))
    pieces = tuple(words[start : start + size] for start in range(0, len(words), size))
    return Say(pieces, delay, gate, gate_after)


def text(
    words: str, *, chunks: int = 4, delay: float = 0.0, gate: Gate | None = None, gate_after: int = 1
) -> Reply:
    """An answer of text alone. With a `gate`, the stream stands still after `gate_after` pieces."""
    return Reply((say(words, chunks=chunks, delay=delay, gate=gate, gate_after=gate_after),))


def tool(name: str, **given: object) -> Use:
    """A tool with its input: `tool("Bash", command="ls")`. Give several to `reply` to use them at once."""
    return Use(name, given)


def reply(*blocks: Block | str, gate: Gate | None = None) -> Reply:
    """An answer of several blocks; a string is text."""
    return Reply(tuple(say(block) if isinstance(block, str) else block for block in blocks), gate=gate)


def bash(command: str, description: str = "") -> Reply:
    """An answer that runs a command."""
    return reply(tool("Bash", command=command, description=description or command))


def cut(words: str, *, gate: Gate | None = None) -> Reply:
    """An answer whose connection breaks after `words`."""
    return Reply((say(words, gate=gate),), cut=True)


def failure(status: int, message: str = "scripted failure", retry_after: int | None = None) -> Failure:
    """An HTTP error: 401, 429, 529 and so on."""
    return Failure(status, _KINDS.get(status, "api_error"), message, retry_after)


# --- on the wire ---------------------------------------------------------------------------------------


def usage(answer: Reply) -> dict[str, int]:
    """Token counts that are always the same for the same answer."""
    words = sum(len(block.pieces) for block in answer.blocks if isinstance(block, Say))
    return {
        "input_tokens": 10,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": max(1, words),
    }


def _content(block: Block) -> dict[str, object]:
    match block:
        case Say():
            return {"type": "text", "text": "".join(block.pieces)}
        case Think():
            return {"type": "thinking", "thinking": block.words, "signature": "c2lnbmVk"}
        case Use():
            return {"type": "tool_use", "id": block.id, "name": block.tool, "input": block.input}


def stop_reason(answer: Reply) -> str:
    """Why the model stopped: for a tool, or because it was done."""
    return "tool_use" if any(isinstance(block, Use) for block in answer.blocks) else "end_turn"


def message(answer: Reply, model: str, *, whole: bool) -> dict[str, object]:
    """The message object: empty as a stream begins with it, or whole."""
    return {
        "id": f"msg_{next(_numbers):024d}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [_content(block) for block in answer.blocks] if whole else [],
        "stop_reason": stop_reason(answer) if whole else None,
        "stop_sequence": None,
        "usage": usage(answer),
    }


def _event(kind: str, **fields: object) -> bytes:
    data = json.dumps({"type": kind, **fields}, separators=(",", ":"))
    return f"event: {kind}\ndata: {data}\n\n".encode()


def stream(answer: Reply, model: str, closing: threading.Event) -> Iterator[bytes]:
    """The event stream of an answer, event by event; waits where the answer waits."""
    if answer.gate is not None:
        answer.gate.pass_through(closing)
    yield _event("message_start", message=message(answer, model, whole=False))
    for index, block in enumerate(answer.blocks):
        match block:
            case Say():
                yield from _said(index, block, closing)
            case Think():
                yield from _thought(index, block)
            case Use():
                yield from _used(index, block)
        if answer.cut and index == len(answer.blocks) - 1:
            return
        yield _event("content_block_stop", index=index)
    delta = {"stop_reason": stop_reason(answer), "stop_sequence": None}
    yield _event("message_delta", delta=delta, usage=usage(answer))
    yield _event("message_stop")


def _said(index: int, block: Say, closing: threading.Event) -> Iterator[bytes]:
    yield _event("content_block_start", index=index, content_block={"type": "text", "text": ""})
    for number, piece in enumerate(block.pieces, start=1):
        yield _event("content_block_delta", index=index, delta={"type": "text_delta", "text": piece})
        if block.gate is not None and number == block.gate_after:
            block.gate.pass_through(closing)
        if block.delay:
            closing.wait(block.delay)


def _thought(index: int, block: Think) -> Iterator[bytes]:
    start = {"type": "thinking", "thinking": "", "signature": ""}
    yield _event("content_block_start", index=index, content_block=start)
    for delta in (
        {"type": "thinking_delta", "thinking": block.words},
        {"type": "signature_delta", "signature": "c2lnbmVk"},
    ):
        yield _event("content_block_delta", index=index, delta=delta)


def _used(index: int, block: Use) -> Iterator[bytes]:
    start = {"type": "tool_use", "id": block.id, "name": block.tool, "input": {}}
    yield _event("content_block_start", index=index, content_block=start)
    whole = json.dumps(block.input)
    for begin in range(0, len(whole), 4096):
        delta = {"type": "input_json_delta", "partial_json": whole[begin : begin + 4096]}
        yield _event("content_block_delta", index=index, delta=delta)
