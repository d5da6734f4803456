"""Approvals on a terminal, line by line, asked in a thread, so that the session is followed meanwhile.

Somebody else may answer first, in a window or on another machine; then the question is withdrawn. Answers
are read from the terminal itself, since standard input may be a pipe.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from contextlib import suppress

from claude_remote.cli.approving import lines
from claude_remote.cli.terminal import Terminal
from claude_remote.client.turn import Verdict
from claude_remote.errors import RemoteError
from claude_remote.facts import ApprovalOpened


class Questions:
    """Asks one approval after the other. `decide` is called from a thread of its own."""

    def __init__(self, terminal: Terminal, decide: Callable[[str, Verdict], None]) -> None:
        self._terminal = terminal
        self._decide = decide
        self._waiting: queue.SimpleQueue[ApprovalOpened | None] = queue.SimpleQueue()
        self._withdrawn: dict[str, str] = {}
        self._asking: str | None = None
        self._lock = threading.Lock()
        self._wake_reader, self._wake_writer = os.pipe()
        self._open: set[str] = set()
        self._thread: threading.Thread | None = None

    @property
    def open(self) -> bool:
        """Whether a question stands on the terminal, or will at once."""
        return bool(self._open)

    def ask(self, approval: ApprovalOpened) -> None:
        """Ask when those before it are answered."""
        self._open.add(approval.approval)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        self._waiting.put(approval)

    def withdraw(self, approval: str, why: str) -> None:
        """It is answered or void: take the question back, and say why if it stands there."""
        with self._lock:
            if approval not in self._open:
                return
            self._withdrawn.setdefault(approval, why)
            if self._asking == approval:
                os.write(self._wake_writer, b"\0")

    def close(self) -> None:
        """Take every question back."""
        for approval in list(self._open):
            self.withdraw(approval, "")
        if self._thread is not None:
            self._waiting.put(None)
            # Where a console cannot be waited for, the thread stays in its read and ends with the program.
            self._thread.join(1.0)
            if self._thread.is_alive():
                return
        os.close(self._wake_reader)
        os.close(self._wake_writer)

    # --- the asking thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        while (approval := self._waiting.get()) is not None:
            with self._lock:
                gone = approval.approval in self._withdrawn
                self._asking = None if gone else approval.approval
            if not gone:
                self._ask(approval)
            with self._lock:
                self._asking = None
                self._open.discard(approval.approval)
                self._drain()

    def _ask(self, approval: ApprovalOpened) -> None:
        verdict = lines.ask(approval, self._terminal, self._read_line)
        if verdict is None:
            why = self._withdrawn.get(approval.approval, "")
            self._terminal.say(f"  ({why})" if why else "")
            return
        with suppress(RemoteError):  # the link broke or the turn ended; who follows it is told
            self._decide(approval.approval, verdict)

    def _read_line(self, question: str) -> str | None:
        """One line from the terminal; None when the question was withdrawn or nobody is there."""
        self._terminal.say_part(question)
        return read_line(self._wake_reader)

    def _drain(self) -> None:
        os.set_blocking(self._wake_reader, False)
        with suppress(BlockingIOError):
            os.read(self._wake_reader, 1024)


def read_line(wake: int) -> str | None:
    """A line from the terminal; None when `wake` becomes readable first, or the terminal is gone."""
    if os.name == "nt":
        with open("CONIN$", encoding="utf-8", errors="replace") as console:  # noqa: PTH123  not a file
            return console.readline() or None
    import select

    try:
        descriptor = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return None
    try:
        data = b""
        while not data.endswith(b"\n"):
            readable, _, _ = select.select([descriptor, wake], [], [])
            if wake in readable:
                return None
            chunk = os.read(descriptor, 4096)
            if not chunk:
                return None
            data += chunk
        return data.decode(errors="replace")
    except OSError:
        return None
    finally:
        os.close(descriptor)
