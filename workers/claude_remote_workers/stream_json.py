"""The lines of claude's stream-json protocol that a worker acts on, and those that it writes.

Claude's lines are carried untouched; only what these types name is ever read of them. The shapes are those of
Claude Code 2.1.197 to 2.1.330 as observed; every field may be missing in another version.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Raw, Struct, field

# The bulk of a turn: text as it comes. A line that begins so is one of these for certain (a line that is one
# and begins otherwise costs a look, no more).
STREAM_EVENT = b'{"type":"stream_event"'
EMPTY = Raw(b"{}")


class Peek(Struct):
    """What kind of line it is."""

    type: str = ""


class Patch(Struct):
    """What is different about a task."""

    status: str | None = None


class System(Struct):
    """`system` of any subtype."""

    subtype: str = ""
    session_id: str | None = None
    model: str | None = None
    mode: str | None = field(default=None, name="permissionMode")
    state: str | None = None
    status: Any = None
    title: str | None = None
    cwd: str | None = None
    attempt: int | None = None
    max_retries: int | None = None
    retry_delay_ms: float | None = None
    error_status: int | None = None
    error: str | None = None
    task_id: str | None = None
    is_backgrounded: bool | None = None
    patch: Patch | None = None
    tasks: list[Raw] | None = None


class Origin(Struct):
    """What made a turn begin."""

    kind: str | None = None


class Result(Struct):
    """`result`: a turn has ended."""

    subtype: str = ""
    is_error: bool = False
    result: str | None = None
    errors: list[Any] | None = None
    session_id: str | None = None
    total_cost_usd: float | None = None
    terminal_reason: str | None = None
    api_error_status: int | None = None
    origin: Origin | None = None


class Block(Struct):
    """A block of a message's content."""

    type: str = ""
    tool_use_id: str | None = None
    is_error: bool | None = None


class Content(Struct):
    """A message."""

    content: str | list[Block] = ""


class User(Struct):
    """`user`: a prompt that is echoed, or the results of tools."""

    message: Content = field(default_factory=Content)
    uuid: str | None = None
    replay: bool | None = field(default=None, name="isReplay")


class Lifecycle(Struct):
    """`command_lifecycle`: where a prompt with a uuid is."""

    command_uuid: str = ""
    state: str = ""


class Question(Struct):
    """The inside of a `control_request` of claude's."""

    subtype: str = ""
    tool_name: str = ""
    input: Raw = EMPTY
    tool_use_id: str = ""
    description: str | None = None
    decision_reason: str | None = None
    decision_reason_type: str | None = None
    permission_suggestions: list[dict[str, Any]] | None = None
    agent_id: str | None = None
    blocked_path: str | None = None
    suppress_always_allow_rule: bool | None = None
    requires_user_interaction: bool | None = None


class ControlRequest(Struct):
    """`control_request`: claude asks."""

    request_id: str
    request: Question = field(default_factory=Question)


class ControlCancel(Struct):
    """`control_cancel_request`: claude takes a question back."""

    request_id: str = ""


class Answer(Struct):
    """The inside of a `control_response`."""

    subtype: str = ""
    request_id: str = ""
    response: Raw = EMPTY
    error: str | None = None


class ControlResponse(Struct):
    """`control_response`: claude answers, or echoes our own answer when it has taken it."""

    response: Answer


KINDS: dict[str, type[Struct]] = {
    "system": System,
    "result": Result,
    "user": User,
    "command_lifecycle": Lifecycle,
    "control_request": ControlRequest,
    "control_cancel_request": ControlCancel,
    "control_response": ControlResponse,
}
_peek = msgspec.json.Decoder(Peek)
_decoders = {kind: msgspec.json.Decoder(shape) for kind, shape in KINDS.items()}
_object = msgspec.json.Decoder(dict[str, Raw])
_REQUEST_ID = re.compile(rb'"request_id":"([0-9A-Za-z_-]+)"')
_encoder = msgspec.json.Encoder()


def read(line: bytes) -> Struct | None:
    """The line as one of KINDS, or None when it is of a kind that nobody acts on.

    Raises msgspec.ValidationError for a JSON line of another shape, msgspec.DecodeError for what is no JSON.
    """
    decoder = _decoders.get(_peek.decode(line).type)
    return None if decoder is None else decoder.decode(line)


def read_object(given: bytes) -> dict[str, Raw]:
    """A JSON object from elsewhere, fit to be put into a line.

    Raises ValueError, in words for people, when it is none. One malformed line on its input ends claude.
    """
    try:
        # In valid JSON a raw newline stands between values only, never in a string.
        return _object.decode(given.replace(b"\n", b" ").replace(b"\r", b" "))
    except (msgspec.DecodeError, RecursionError):
        raise ValueError("it is not a JSON object") from None


class _Plan(Struct):
    plan: str = ""


class _Use(Struct):
    type: str = ""
    id: str = ""
    name: str = ""
    input: Raw = EMPTY


class _Uses(Struct):
    content: list[_Use] | str = ""


class _Assistant(Struct):
    type: str = ""
    message: _Uses = field(default_factory=_Uses)


_assistant = msgspec.json.Decoder(_Assistant)
_plan = msgspec.json.Decoder(_Plan)
PLANNING = b'"ExitPlanMode"'


def find_plan(line: bytes) -> tuple[str, str] | None:
    """The id of the use of ExitPlanMode that the model makes in this line, and the plan that it gives."""
    if PLANNING not in line:
        return None
    try:
        said = _assistant.decode(line)
        if said.type == "assistant" and not isinstance(said.message.content, str):
            for use in said.message.content:
                if use.name == "ExitPlanMode":
                    return use.id, _plan.decode(use.input).plan
    except (msgspec.DecodeError, RecursionError):
        pass  # of another shape: then there is no plan to be found
    return None


def find_request_id(line: bytes) -> str | None:
    """The id of a control request that cannot be read, if this is one."""
    found = _REQUEST_ID.search(line) if b'"control_request"' in line else None
    return None if found is None else found[1].decode()


def prompt(text: str, uuid: str) -> bytes:
    """A prompt. Claude drops one whose uuid it has had before, also after a resume."""
    return _line({"type": "user", "message": {"role": "user", "content": text}, "uuid": uuid})


def request(identity: str, subtype: str, arguments: dict[str, Any] | None = None) -> bytes:
    """A control request."""
    return _line(
        {
            "type": "control_request",
            "request_id": identity,
            "request": {**(arguments or {}), "subtype": subtype},
        }
    )


def answer(identity: str, response: dict[str, Any]) -> bytes:
    """The answer to a control request of claude's."""
    return _line(
        {
            "type": "control_response",
            "response": {"subtype": "success", "request_id": identity, "response": response},
        }
    )


def refusal(identity: str, words: str) -> bytes:
    """The answer to a control request that nobody here can serve."""
    return _line(
        {
            "type": "control_response",
            "response": {"subtype": "error", "request_id": identity, "error": words},
        }
    )


def _line(value: dict[str, Any]) -> bytes:
    return _encoder.encode(value) + b"\n"
