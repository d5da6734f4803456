"""Exec: a command, its streams and signals passed between it and the client."""

from __future__ import annotations

import signal
import time

from claude_remote import messages
from claude_remote.errors import BadMessage
from claude_remote.messages import PARCEL, Exec, Exited, Input, Output, Resized, Signalled, Started
from claude_remote.parcels import union
from claude_remote.processes import BACKGROUND_VARIABLE, LEASE_VARIABLE
from claude_remote_workers.errands.base import Task, carries_out
from claude_remote_workers.errands.channel import Dismissed
from claude_remote_workers.errands.command import PIPE, CannotRun, Command, find_shell, start_in_background

_TO_COMMAND = union(messages.ToCommand)
# What has ended may have children that write on; what they are about to say when it ends is still told.
_AFTERMATH = 0.5


@carries_out(Exec)
def run(task: Task, request: Exec) -> None:
    """Run the command to its end, and tell its exit code."""
    variable = BACKGROUND_VARIABLE if request.background else LEASE_VARIABLE
    environment = {**task.environment, "PWD": task.cwd, variable: task.marker}
    if request.term:
        environment["TERM"] = request.term
    words = _words(task.payload, environment)
    try:
        if request.background:
            pid = start_in_background(words, task.cwd, environment)
            task.outcome["pid"] = str(pid)
            task.channel.send(Started(pid=pid))
            return
        command = Command(words, task.cwd, environment, request.terminal)
    except CannotRun as error:
        task.channel.send(Output(error=True), f"claude-remote: {error}\n".encode(errors="surrogateescape"))
        task.outcome["exit"] = str(error.code)
        task.channel.send(Exited(code=error.code))
        return
    try:
        code = Attendance(task, command).run()
    except Dismissed:
        command.hang_up()
        raise
    task.outcome["exit"] = str(code)
    task.channel.send(Exited(code=code))


def _words(payload: bytes, environment: dict[str, str]) -> list[bytes]:
    """What to execute. Raises BadMessage."""
    words = payload.split(b"\0")
    if words.pop() or not words:
        raise BadMessage("a command is words, each ended by a zero byte")
    if len(words) > 1:
        return words
    return [find_shell(environment).encode(errors="surrogateescape"), b"-c", words[0]]


class Attendance:
    """Carries bytes between a command and the channel; each side waits for the other."""

    def __init__(self, task: Task, command: Command) -> None:
        self._channel = task.channel
        self._command = command
        self._pending = memoryview(b"")  # input that it has not taken yet
        self._is_last = False
        self._channel.watch_child(command.pid)

    def run(self) -> int:
        """Until it has ended and what it said was passed on. Its exit code."""
        while (status := self._channel.child_status(self._command.pid)) is None:
            self._turn(5.0)
        self._finish()
        return self._command.ended(status)

    def _turn(self, timeout: float) -> None:
        command = self._command
        reading = list(command.outputs) if self._channel.room else []
        writing = [command.input] if self._pending and command.input is not None else []
        ready = self._channel.turn(timeout, reading, writing)
        while (parcel := self._channel.take_urgent()) is not None:
            self._obey(parcel.read(_TO_COMMAND))
        for descriptor in [each for each in reading if each in ready and self._channel.room]:
            self._read(descriptor)
        self._feed()

    def _obey(self, word: object) -> None:
        if self._channel.child_status(self._command.pid) is not None:
            return
        match word:
            case Signalled(signal=name):
                self._command.send_signal(signal.Signals[f"SIG{name}"])
            case Resized(size=size):
                self._command.resize(size)
            case _:
                pass

    def _read(self, descriptor: int) -> int:
        """How much there was."""
        data = self._command.read(descriptor, PARCEL)
        if data:
            self._channel.send(Output(error=self._command.outputs[descriptor]), data)
        elif data is not None:
            self._command.close_output(descriptor)
        return len(data or b"")

    def _feed(self) -> None:
        """Give it input, and take more when it has that."""
        while True:
            self._pending = self._command.write(self._pending) if self._pending else self._pending
            if self._pending:
                return
            if self._is_last:
                self._is_last = False
                self._command.end_input()
            parcel = self._channel.take()
            if parcel is None:
                return
            word = parcel.read(_TO_COMMAND)
            if isinstance(word, Input):
                self._pending, self._is_last = memoryview(parcel.payload), word.last

    def _finish(self) -> None:
        """Pass on what is left in the pipes, and what its children add at once; not for ever."""
        left = dict.fromkeys(self._command.outputs, 2 * PIPE)
        patience = _AFTERMATH
        while patience > 0 and (reading := [each for each in self._command.outputs if left[each] > 0]):
            if not self._channel.room:
                self._channel.turn(5.0)
                continue
            began = time.monotonic()
            ready = self._channel.turn(patience, reading)
            patience -= time.monotonic() - began
            for descriptor in [each for each in reading if each in ready]:
                left[descriptor] -= self._read(descriptor)
