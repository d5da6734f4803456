"""Lines as claude writes them, for scripts of servers."""

from __future__ import annotations

import json
from itertools import count

_numbers = count(1)


def line(kind: str, **fields: object) -> bytes:
    return json.dumps({"type": kind, **fields}, ensure_ascii=False).encode()


def message_start() -> bytes:
    return line("stream_event", event={"type": "message_start", "message": {}}, parent_tool_use_id=None)


def delta(text: str, parent: str | None = None) -> bytes:
    event = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
    return line("stream_event", event=event, parent_tool_use_id=parent)


def block_stop() -> bytes:
    return line("stream_event", event={"type": "content_block_stop", "index": 0}, parent_tool_use_id=None)


def assistant(*blocks: str | dict[str, object], parent: str | None = None, model: str = "opus") -> bytes:
    content = [{"type": "text", "text": block} if isinstance(block, str) else block for block in blocks]
    return line(
        "assistant",
        message={"id": "msg", "content": content, "model": model},
        parent_tool_use_id=parent,
    )


def tool_use(tool: str, **given: object) -> dict[str, object]:
    return {"type": "tool_use", "id": f"toolu_{next(_numbers)}", "name": tool, "input": given}


def tool_result(text: str, *, error: bool = False) -> bytes:
    content = [{"type": "tool_result", "tool_use_id": "toolu_1", "content": text, "is_error": error}]
    return line("user", message={"role": "user", "content": content}, parent_tool_use_id=None)


def result(text: str = "", *, subtype: str = "success", error: bool = False, **fields: object) -> bytes:
    return line(
        "result", subtype=subtype, is_error=error, result=text, total_cost_usd=0.01, duration_ms=5, **fields
    )
