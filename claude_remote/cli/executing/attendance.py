"""A command's streams and signals, between the errand and this program's own."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from contextlib import nullcontext
from selectors import EVENT_READ, EVENT_WRITE
from typing import cast

from claude_remote import messages
from claude_remote.cli.executing.local_signals import LocalSignals
from claude_remote.cli.executing.raw_terminal import check_system, find_size, raw_terminal
from claude_remote.cli.executing.streams import InputStream, OutputStream
from claude_remote.cli.reaching import Reach, reach_server
from claude_remote.cli.terminal import Terminal
from claude_remote.client.errands import Errand
from claude_remote.errors import BadMessage, TooLarge
from claude_remote.framing import MAX_PAYLOAD
from claude_remote.messages import (
    PARCEL,
    Exec,
    Exited,
    Input,
    Output,
    Resized,
    Signalled,
    SignalName,
    Started,
)
from claude_remote.parcels import union

_FROM_COMMAND = union(messages.FromCommand)
_LONGEST_WAIT = 5.0
# How many of a kind end us, too, if the command does not end: Ctrl-C is often pressed twice.
_ENOUGH = {"INT": 3, "TERM": 2, "HUP": 2, "QUIT": 2}


def execute(
    reach: Reach,
    words: Sequence[str],
    terminal: Terminal,
    *,
    tty: bool = False,
    cwd: str | None = None,
    background: bool = False,
) -> int:
    """Run the command; its exit code. Raises RemoteError; BrokenPipeError when nobody reads its output."""
    payload = b"".join(os.fsencode(word) + b"\0" for word in words)
    if len(payload) > MAX_PAYLOAD:
        raise TooLarge(f"a command is at most {MAX_PAYLOAD} bytes long; this has {len(payload)}")
    size = None
    if tty:
        check_system()
        size = find_size()
    request = Exec(
        cwd=cwd, terminal=size, term=os.environ.get("TERM", "")[:64] if tty else "", background=background
    )
    with reach_server(reach, terminal) as client, client.run_errand(request, payload) as errand:
        if background:
            return _tell_pid(errand, terminal)
        with LocalSignals() as signals, raw_terminal(0) if tty else nullcontext():
            return Attendance(errand, signals).run()


def _tell_pid(errand: Errand, terminal: Terminal) -> int:
    code = 0
    while (parcel := errand.receive()) is not None:
        match parcel.read(_FROM_COMMAND):
            case Started(pid=pid):
                terminal.print(str(pid))
            case Output():
                terminal.say_part(parcel.payload.decode(errors="replace"))
            case Exited(code=code):
                pass
    return code


class Attendance:
    """Nothing here waits but for all at once: so a reader that sleeps does not cost the connection."""

    def __init__(self, errand: Errand, signals: LocalSignals) -> None:
        self._errand = errand
        self._signals = signals
        self._input: InputStream | None = InputStream(0)
        self._outputs = {False: OutputStream(1), True: OutputStream(2)}
        self._code: int | None = None
        self._counts: dict[str, int] = {}

    def run(self) -> int:
        """Until the command has ended and what it said is written, or until we are made to leave."""
        try:
            while not (self._errand.done and not self._writing):
                left = self._turn()
                if left is not None:
                    return left
        finally:
            for output in self._outputs.values():
                output.close()
        if self._code is None:
            raise BadMessage("the server has not said how the command ended")
        return self._code

    @property
    def _writing(self) -> list[OutputStream]:
        return [output for output in self._outputs.values() if output.busy]

    def _turn(self) -> int | None:
        others = {self._signals.descriptor: EVENT_READ}
        for output in self._writing:
            others[output.descriptor] = EVENT_WRITE
        source = self._input if self._errand.room and not self._errand.done else None
        timeout = _LONGEST_WAIT
        if source is not None and source.is_always_ready:
            timeout = 0.0
        elif source is not None:
            others[source.descriptor] = EVENT_READ
        ready = self._errand.turn(timeout, others)
        if self._signals.descriptor in ready:
            left = self._pass_signals()
            if left is not None:
                return left
        for output in self._writing:
            if output.descriptor in ready:
                output.flush()
        if source is not None and (source.is_always_ready or source.descriptor in ready):
            self._read(source)
        self._write()
        return None

    def _read(self, source: InputStream) -> None:
        data = source.read(PARCEL)
        self._errand.send(Input(last=not data), data)
        if not data:
            self._input = None

    def _write(self) -> None:
        """Take what has come, as long as it can be written."""
        while not self._writing and (parcel := self._errand.take()) is not None:
            match parcel.read(_FROM_COMMAND):
                case Output(error=is_error):
                    self._outputs[is_error].put(parcel.payload)
                case Exited(code=code):
                    self._code = code
                case _:
                    raise BadMessage("the server said something that is no part of a command")

    def _pass_signals(self) -> int | None:
        """To the command; who insists ends this program, and the command with it: the exit code then."""
        for name in self._signals.take():
            if name == "WINCH":
                self._errand.send(Resized(size=find_size()), urgent=True)
                continue
            self._counts[name] = self._counts.get(name, 0) + 1
            if self._counts[name] >= _ENOUGH.get(name, 1 << 30):
                return 128 + signal.Signals[f"SIG{name}"]
            self._errand.send(Signalled(signal=cast("SignalName", name)), urgent=True)
        return None
