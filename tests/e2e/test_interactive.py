"""The interactive mode against a real server and the real claude, on a terminal."""

from __future__ import annotations

import codecs
import signal
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.claude_remote.cli.interactive.emulator import Emulator
from tests.e2e.lab import Client, Lab
from tests.e2e.programs import PATIENCE, Ran, Terminal
from tests.fakes.messages_api import Gate, bash, text

pytestmark = pytest.mark.e2e

CTRL_C, CTRL_D = "\x03", "\x04"


class Seen:
    """A terminal as a user sees it, with what has scrolled off."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self._emulator = Emulator(100, 40)
        self._fed = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    @property
    def text(self) -> str:
        said = self.terminal._said
        self._emulator.feed(self._decoder.decode(said[self._fed :]))
        self._fed = len(said)
        return self._emulator.text

    def wait_for(self, words: str) -> None:
        """Wait until words are shown."""
        deadline = time.monotonic() + PATIENCE
        while words not in self.text:
            assert time.monotonic() < deadline, f"{words!r}:\n{self.text}"
            if not self.terminal._read() and self.terminal.process.poll() is not None:
                raise EOFError(f"it ended without {words!r}:\n{self.text}")

    def type(self, keys: str) -> None:
        self.terminal.type(keys)

    def finish(self) -> Ran:
        return self.terminal.finish()

    @property
    def settings(self) -> list[object]:
        """How the terminal is set: echo, and so on."""
        return termios.tcgetattr(self.terminal._master)


@contextmanager
def sitting(client: Client, *argv: str) -> Iterator[Seen]:
    with client.terminal(*argv) as terminal:
        yield Seen(terminal)


def test_a_conversation(lab: Lab, alice: Client) -> None:
    lab.api.on("make a log", bash("echo one >> log.txt"), text("It is made."))
    lab.api.on("and then", text("Then *nothing*."))
    with sitting(alice, "-n", "logs") as terminal:
        before = terminal.settings
        terminal.wait_for("● connected")
        terminal.type("make a log\r")
        terminal.wait_for("Claude asks: Bash\n  echo one >> log.txt\n")
        terminal.wait_for("[y]es")
        assert terminal.settings != before
        # A key in the instant in which a question appears decides nothing; who turns to it has seen it.
        terminal.type("\t")
        terminal.wait_for("Tab to answer")
        terminal.type("\ty")
        terminal.wait_for("✓ Bash echo one >> log.txt")
        terminal.wait_for("It is made.")
        terminal.type("and then\r")
        terminal.wait_for("Then nothing.")
        terminal.type(CTRL_D)
        ran = terminal.finish()
        assert ran.code == 0
        assert "Come back with: claude-remote -r logs" in ran.out
        assert terminal.settings == before
    assert (lab.work / "log.txt").read_text() == "one\n"


@pytest.mark.parametrize("how", ["Ctrl-D", "hang-up", "SIGTERM"])
def test_leaving_in_the_middle_of_a_turn_and_coming_back(lab: Lab, alice: Client, how: str) -> None:
    gate = Gate()
    lab.api.on(f"tell {how}", text("Once upon a time there was an end.", chunks=4, gate=gate, gate_after=2))
    with sitting(alice, "-n", how, f"tell {how}") as terminal:
        terminal.wait_for("Once upon a time")
        match how:
            case "hang-up":
                terminal.terminal.hang_up()
            case "SIGTERM":
                terminal.terminal.process.send_signal(signal.SIGTERM)
            case _:
                terminal.type(CTRL_D)
        assert terminal.finish().code == 0
    with sitting(alice, "-r", how) as terminal:
        terminal.wait_for(f"tell {how}")
        terminal.wait_for("Once upon a time")
        gate.open()
        terminal.wait_for("there was an end.")
        terminal.type(CTRL_D)
        assert terminal.finish().code == 0


def test_ctrl_c_stops_the_turn(lab: Lab, alice: Client) -> None:
    lab.api.on("count", text("one two three four", chunks=4, gate=Gate(), gate_after=2))
    with sitting(alice, "count") as terminal:
        terminal.wait_for("one two")
        terminal.type(CTRL_C)
        terminal.wait_for("The turn was stopped")
        terminal.type(CTRL_C)
        assert terminal.finish().code == 0


def test_a_session_that_is_not_there(alice: Client) -> None:
    with sitting(alice, "-r", "nowhere") as terminal:
        ran = terminal.finish()
    assert ran.code == 2
    assert "nowhere" in ran.out
