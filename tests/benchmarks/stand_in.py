"""A stand-in for claude that says nothing of interest, exactly when it is told to. Imports no package.

It speaks as much stream-json as a worker needs. The prompt `emit COUNT SIZE RATE` makes it write COUNT lines
of SIZE bytes, RATE a second (0: as fast as they are taken). Each line is a piece of text, as claude streams
it, that begins with the time at which it was written: nanoseconds of the clock that all processes share. At
full speed only the first line of each block has its own time; the others repeat it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time

PREFIX = (
    b'{"type":"stream_event","event":{"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":"'
)
_TAIL = (
    b'"}},"session_id":"00000000-0000-4000-8000-000000000000","parent_tool_use_id":null,'
    b'"uuid":"00000000-0000-4000-8000-000000000000"}\n'
)
_DIGITS = 20
_STAMP = slice(len(PREFIX), len(PREFIX) + _DIGITS)
_BLOCK = 256 * 1024


def written_at(line: bytes) -> int | None:
    """When a line was written, in nanoseconds; None for lines of another kind."""
    return int(line[_STAMP]) if line.startswith(PREFIX) else None


def make_line(size: int) -> bytes:
    """One line of `size` bytes, newline included, written now."""
    stamp = b"%0*d" % (_DIGITS, time.monotonic_ns())
    padding = size - len(PREFIX) - _DIGITS - len(_TAIL)
    return b"".join((PREFIX, stamp, b"." * max(padding, 0), _TAIL))


def emit(count: int, size: int, rate: float) -> None:
    """Write the lines."""
    if rate:
        began = time.monotonic()
        for number in range(count):
            pause = began + number / rate - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            _write(make_line(size))
        return
    at_once = max(1, _BLOCK // size)
    while count > 0:
        _write(make_line(size) * min(count, at_once))
        count -= at_once


def main() -> int:
    """Be claude until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    arguments = sys.argv[1:]
    if arguments[:1] == ["-v"]:
        print("0.0.0 (stand-in)")
        return 0
    if arguments[:2] == ["auth", "status"]:
        print('{"loggedIn": true}')
        return 0
    session = next((word.partition("=")[2] for word in arguments if word.startswith("--session-id=")), "")
    for line in sys.stdin.buffer:
        said = json.loads(line)
        if said["type"] == "control_request":
            answer = {"subtype": "success", "request_id": said["request_id"], "response": {}}
            _say(type="control_response", response=answer)
        elif said["type"] == "user":
            _turn(said, session)
    return 0


def _turn(said: dict, session: str) -> None:  # type: ignore[type-arg]
    _say(type="system", subtype="session_state_changed", state="running", session_id=session)
    _say(type="system", subtype="init", session_id=session, model="stand-in", permissionMode="default")
    _say(**{**said, "isReplay": True, "session_id": session})
    content = said["message"]["content"]
    words = content if isinstance(content, str) else "".join(block.get("text", "") for block in content)
    match words.split():
        case ["emit", count, size, rate]:
            emit(int(count), int(size), float(rate))
    _say(
        type="result",
        subtype="success",
        is_error=False,
        result="said",
        session_id=session,
        total_cost_usd=0.0,
        num_turns=1,
        duration_ms=0,
    )
    _say(type="system", subtype="session_state_changed", state="idle", session_id=session)


def _say(**message: object) -> None:
    _write(json.dumps(message).encode() + b"\n")


def _write(data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(1, left) :]


if __name__ == "__main__":
    sys.exit(main())
