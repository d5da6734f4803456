"""Control requests on behalf of others (Ask), and their answers."""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from claude_remote_workers import stream_json
from claude_remote_workers.outside import Outside

_PREFIX = "claude-remote-ask:"
_KEPT = 8  # answers kept for an Ask that comes again because the broker missed its Reply
_LONGEST_KEPT = 256 * 1024
_AT_ONCE = 256


class Asking:
    """What was asked and not answered, and the last answers."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._open: dict[str, tuple[str, bytes]] = {}
        self._answers: OrderedDict[str, tuple[bytes, bool]] = OrderedDict()

    def ask(self, request: str, subtype: str, arguments: bytes) -> None:
        """Send it to claude, unless it is under way; answer it again when it was answered."""
        if request in self._open:
            return
        if request in self._answers:
            payload, ok = self._answers[request]
            self._outside.reply(request, payload, ok=ok)
            return
        try:
            given = stream_json.read_object(arguments or b"{}")
        except ValueError as error:
            self._reply(request, _error(f"the arguments of this request: {error}"), ok=False)
            return
        if len(self._open) >= _AT_ONCE:
            self._reply(request, _error("too many control requests at once"), ok=False)
            return
        self._open[request] = (subtype, arguments)
        self._outside.write(stream_json.request(_PREFIX + request, subtype, given))

    def is_answer(self, answer: stream_json.Answer) -> bool:
        """Whether this is the answer to an Ask; then it is no part of the log."""
        return answer.request_id.startswith(_PREFIX)

    def answered(self, answer: stream_json.Answer) -> tuple[str, bytes] | None:
        """Pass an answer on. Returns subtype and arguments of what claude has agreed to."""
        request = answer.request_id.removeprefix(_PREFIX)
        asked = self._open.pop(request, None)
        if asked is None:
            return None
        ok = answer.subtype == "success"
        self._reply(request, bytes(answer.response) if ok else _error(answer.error or "refused"), ok=ok)
        return asked if ok else None

    def claude_ended(self) -> None:
        """Nobody will answer."""
        for request in self._open:
            self._outside.reply(request, _error("claude has ended"), ok=False)
        self._open.clear()

    def _reply(self, request: str, payload: bytes, *, ok: bool) -> None:
        if len(payload) <= _LONGEST_KEPT:
            self._answers[request] = (payload, ok)
            while len(self._answers) > _KEPT:
                self._answers.popitem(last=False)
        self._outside.reply(request, payload, ok=ok)


def _error(words: str) -> bytes:
    return msgspec.json.encode({"error": words})
