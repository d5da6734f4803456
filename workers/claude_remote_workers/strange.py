"""Lines that are not what claude should print: rubbish, and what a newer claude may say."""

from __future__ import annotations

import msgspec

from claude_remote import facts
from claude_remote_workers import stream_json
from claude_remote_workers.outside import Outside
from claude_remote_workers.words import describe_exit, one_line

_AT_MOST = 1000
_KEPT = 400


class Strange:
    """Tells of each sort once, and ends a claude that prints nothing but rubbish."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._count = 0
        self._puzzled = False
        self.rubbish = ""  # the first of it
        self.failure = ""  # why claude was ended

    def take_rubbish(self, line: bytes) -> None:
        """No JSON object: a message of some library, or another program. It is no part of the log."""
        self._count += 1
        if self._count == 1:
            self.rubbish = line[:_KEPT].decode(errors="replace")
            self._warn(f"claude printed what is not its protocol: {one_line(self.rubbish)!r}")
        elif self._count == _AT_MOST:
            self.failure = describe_exit(None, "", self.rubbish, None)
            self._outside.kill()

    def take_unknown(self, line: bytes, error: msgspec.ValidationError | RecursionError) -> None:
        """JSON, but not of the shape that is known: a newer claude. It passes; only no question may wait."""
        if not line.lstrip().startswith(b"{"):
            self.take_rubbish(line)
            return
        self._outside.keep(line)
        if not self._puzzled:
            self._puzzled = True
            self._warn(f"This claude says something that claude-remote does not know: {error}.")
        asked = stream_json.find_request_id(line)
        if asked is not None:
            self._outside.write(stream_json.refusal(asked, "claude-remote does not understand this"))

    def _warn(self, text: str) -> None:
        self._outside.record(facts.Notice(level="warning", text=text))
