"""Which of claude's lines the same claude would have printed under the user's own flags.

The server always runs claude with partial messages, echoed prompts, state events and an open control channel;
`claude -p --output-format stream-json` shows less. The difference is whole lines: none is edited, none is
added. Compared line by line with claude 2.1.330 for turns with text, thinking, tools, background tasks,
subagents, retries, errors and slash commands (tests/e2e/test_output.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from msgspec import Raw, Struct, field

# Nothing of these is printed to who has no control channel, sends no uuids and asked for no state events.
_NEVER = frozenset(
    {"control_request", "control_response", "control_cancel_request", "command_lifecycle", "keep_alive"}
)
_PARTIAL = b'{"type":"stream_event"'


class _Peek(Struct):
    type: str = ""
    subtype: str | None = None
    status: str | None = None
    replay: bool | None = field(default=None, name="isReplay")


# Claude prints it in a stream of results, not with `--output-format json`, where there is only one.
_OF_STREAMS = "model_usage_since_last_result"

_peek = msgspec.json.Decoder(_Peek)
_fields = msgspec.json.Decoder(dict[str, Raw])


@dataclass(frozen=True)
class OutputFilter:
    """`partial`: --include-partial-messages was given; `replay`: --replay-user-messages."""

    partial: bool = False
    replay: bool = False

    def shows(self, line: bytes) -> bool:
        """Whether claude would have printed this line. A line of an unknown kind is shown."""
        if line.startswith(_PARTIAL):
            return self.partial
        try:
            peek = _peek.decode(line)
        except (msgspec.DecodeError, RecursionError):
            return True  # not an object of claude's protocol: it is not for us to judge
        if peek.type == "stream_event" or (peek.subtype, peek.status) == ("status", "requesting"):
            return self.partial
        if peek.type == "user" and peek.replay:
            return self.replay
        return peek.type not in _NEVER and peek.subtype != "session_state_changed"

    def select(self, lines: bytes) -> bytes:
        """Those of some lines that are shown; each is ended by a newline."""
        return b"".join(line for line in lines.splitlines(keepends=True) if self.shows(line))


def as_json_output(result: bytes) -> bytes:
    """A `result` line as `claude -p --output-format json` prints it, without its newline.

    Raises msgspec.DecodeError when it is not a JSON object.
    """
    return msgspec.json.encode(
        {key: value for key, value in _fields.decode(result).items() if key != _OF_STREAMS}
    )
