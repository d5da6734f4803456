"""Prompts as lines of JSON on standard input, as `claude -p --input-format stream-json` takes them.

One message of the user's is one prompt, and each is run to its end before the next line is read. Control
requests are answered by an error: claude's control channel belongs to the server.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

import msgspec
from msgspec import Struct

from claude_remote.errors import BadOption, TooLarge
from claude_remote.messages import MAX_PROMPT

# Text as JSON, where a letter may be written in six bytes.
_LONGEST = 6 * MAX_PROMPT
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NO_CONTROL = "claude-remote passes no control requests on; see `claude-remote --help` for what it offers"


class Prompted(NamedTuple):
    """A prompt, and the id that its writer gave it."""

    text: str
    id: str | None = None


class _Block(Struct):
    type: str
    text: str = ""


class _Said(Struct):
    content: str | list[_Block]
    role: str = "user"


class _Line(Struct):
    type: str
    message: msgspec.Raw = msgspec.Raw()
    uuid: str | None = None
    request_id: str | None = None


_lines = msgspec.json.Decoder(_Line)
_messages = msgspec.json.Decoder(_Said)


def read_prompts(stream: BinaryIO, answer: Callable[[bytes], None]) -> Iterator[Prompted]:
    """The prompts, one after another. `answer` gets a line of output, for a control request.

    Lines of other kinds are passed over, as claude does. Raises BadOption naming a line that is none.
    """
    number = 0
    while data := stream.readline(_LONGEST):
        number += 1
        if len(data) == _LONGEST:
            raise TooLarge(f"standard input, line {number}: a prompt has at most {MAX_PROMPT // 2**20} MiB")
        if not data.strip():
            continue
        try:
            line = _lines.decode(data)
            if line.type == "user":
                yield _prompt(_messages.decode(line.message), line.uuid)
            elif line.type == "control_request":
                answer(_refusal(line.request_id))
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise BadOption(f"standard input, line {number}: {error}") from None


def _prompt(said: _Said, uuid: str | None) -> Prompted:
    if isinstance(said.content, str):
        text = said.content
    else:
        others = {block.type for block in said.content} - {"text"}
        if others:
            raise ValueError(f"a prompt is text; {', '.join(sorted(others))} cannot be sent")
        text = "\n".join(block.text for block in said.content)
    if not text.strip():
        raise ValueError("the prompt is empty")
    return Prompted(text, uuid if uuid is not None and _UUID.fullmatch(uuid) else None)


def _refusal(request: str | None) -> bytes:
    answer = {"subtype": "error", "request_id": request, "error": _NO_CONTROL}
    return msgspec.json.encode({"type": "control_response", "response": answer}) + b"\n"
