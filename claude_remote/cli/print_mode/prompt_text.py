"""The prompt: the words of the command line, and what was piped in, as claude puts them together."""

from __future__ import annotations

import os
import threading

from claude_remote.cli.terminal import Terminal
from claude_remote.errors import BadOption, TooLarge
from claude_remote.messages import MAX_PROMPT

# Claude waits so long for the first bytes when it has a prompt already: standard input may be one that never
# ends, inherited from a service.
FIRST_BYTES_WITHIN = 3.0
_STDIN = 0


def gather(words: str, terminal: Terminal) -> str:
    """The words, a newline, and what is piped in. Raises BadOption when there is neither, or no UTF-8."""
    piped = "" if terminal.types_input else _read(terminal, patient=not words)
    prompt = "\n".join(part for part in (words, piped) if part)
    if not prompt.strip():
        raise BadOption('what is the prompt? Give it as an argument (-p "…") or pipe it in')
    return prompt


def _read(terminal: Terminal, *, patient: bool) -> str:
    chunks: list[bytes] = []
    began, ended = threading.Event(), threading.Event()

    def read() -> None:
        size = 0
        try:
            # One byte more than is allowed, to tell too long from just long enough.
            while size <= MAX_PROMPT and (chunk := os.read(_STDIN, 65536)):
                chunks.append(chunk)
                size += len(chunk)
                began.set()
        except OSError:
            pass  # no standard input at all
        finally:
            began.set()
            ended.set()

    threading.Thread(target=read, daemon=True).start()
    if not began.wait(None if patient else FIRST_BYTES_WITHIN):
        terminal.say(
            f"nothing was piped in for {FIRST_BYTES_WITHIN:.0f} s; going on without it (add < /dev/null to"
            " skip the waiting)"
        )
        return ""
    ended.wait()
    data = b"".join(chunks)
    if len(data) > MAX_PROMPT:
        raise TooLarge(
            f"a prompt has at most {MAX_PROMPT // 1024 // 1024} MiB; let Claude read a file instead"
        )
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise BadOption(f"what is piped in is not UTF-8 text (byte {error.start})") from None
