"""The shapes of claude's stream-json lines, as far as showing a conversation needs them.

As observed with Claude Code 2.1.197 to 2.1.330. Unknown types and fields pass; a line whose known fields have
another shape is no line for us.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType, field


class Delta(Struct):
    """A piece of a block."""

    type: str = ""
    text: str = ""
    thinking: str = ""


class Start(Struct):
    """The head of a block."""

    type: str = ""
    name: str = ""


class Identity(Struct):
    """The head of a message."""

    id: str = ""


class StreamEvent(Struct):
    """An event of the Messages API."""

    type: str = ""
    index: int = 0
    message: Identity | None = None
    delta: Delta | None = None
    content_block: Start | None = None


class Block(Struct):
    """A finished block of a message."""

    type: str = ""
    text: str = ""
    thinking: str = ""
    id: str = ""
    name: str = ""
    input: Raw = Raw(b"{}")
    tool_use_id: str = ""
    is_error: bool | None = None
    content: Any = None


class Message(Struct):
    """A message with one finished block, or with the results of tools."""

    id: str = ""
    model: str = ""
    content: list[Block] | str = ""


class StreamLine(Struct):
    """`stream_event`: a piece of what the model writes."""

    event: StreamEvent
    parent: str | None = field(default=None, name="parent_tool_use_id")


class MessageLine(Struct):
    """`assistant` (one finished block) or `user` (a prompt that is echoed, the results of tools)."""

    message: Message
    parent: str | None = field(default=None, name="parent_tool_use_id")
    uuid: str | None = None
    replay: bool = field(default=False, name="isReplay")
    synthetic: bool = field(default=False, name="isSynthetic")
    error: Any = None
    tool_use_result: Raw = Raw(b"null")


class AssistantLine(MessageLine):
    """`assistant`."""


class UserLine(MessageLine):
    """`user`."""


class SystemLine(Struct):
    """`system` of any subtype."""

    subtype: str = ""
    status: str | UnsetType | None = UNSET
    mode: str | None = field(default=None, name="permissionMode")
    model: str | None = None
    cwd: str | None = None
    commands: list[str] | None = field(default=None, name="slash_commands")
    content: Any = None


class ResultLine(Struct):
    """`result`."""

    result: Any = None


class ResponseLine(Struct):
    """`control_response`."""

    response: Raw = Raw(b"{}")


class _Peek(Struct):
    type: str = ""


AnyLine: TypeAlias = StreamLine | AssistantLine | UserLine | SystemLine | ResultLine | ResponseLine


class _Answer(Struct):
    response: Raw = Raw(b"{}")


class _Command(Struct):
    name: str
    description: str = ""
    argument: str = field(default="", name="argumentHint")


class Initialized(Struct):
    """Claude's answer to `initialize`."""

    commands: list[_Command] = []
    mode: str | None = field(default=None, name="current_permission_mode")


class Patch(Struct):
    """A part of what an edit changed."""

    lines: list[str] = []


class _File(Struct):
    lines: int = field(default=0, name="numLines")


class Details(Struct):
    """What claude adds to the result of one of its own tools."""

    patch: list[Patch] | None = field(default=None, name="structuredPatch")
    file: _File | None = None
    answers: dict[str, Any] | None = None


_decoders: dict[str, msgspec.json.Decoder[AnyLine]] = {
    "stream_event": msgspec.json.Decoder(StreamLine),
    "assistant": msgspec.json.Decoder(AssistantLine),
    "user": msgspec.json.Decoder(UserLine),
    "system": msgspec.json.Decoder(SystemLine),
    "result": msgspec.json.Decoder(ResultLine),
    "control_response": msgspec.json.Decoder(ResponseLine),
}
_peek = msgspec.json.Decoder(_Peek)
_answer = msgspec.json.Decoder(_Answer)
_initialized = msgspec.json.Decoder(Initialized)
_details = msgspec.json.Decoder(Details)


def read(raw: bytes) -> AnyLine | None:
    """A line, or None when it is of a type or shape that is not shown."""
    try:
        decoder = _decoders.get(_peek.decode(raw).type)
        return None if decoder is None else decoder.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None


def read_initialized(response: Raw) -> Initialized | None:
    """The inside of a control_response, if it is the answer to `initialize`."""
    try:
        found = _initialized.decode(_answer.decode(response).response)
    except (msgspec.DecodeError, RecursionError):
        return None
    return found if found.commands else None


def read_details(raw: Raw) -> Details:
    """The structured result of a tool; empty when it has none that is known."""
    try:
        return _details.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return Details()


def plain(content: Any) -> str:
    """The text of a message's or result's content."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        texts = (each.get("text", "") for each in content if isinstance(each, dict))
        return "\n".join(text for text in texts if isinstance(text, str) and text)
    return ""
