"""The disk under the server's state fills up, on a real small file system, and has room again."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from claude_remote.paths import find_paths
from tests.e2e.lab import Lab
from tests.fakes.messages_api import Gate, reply, say, text

pytestmark = pytest.mark.e2e

PIECES = "".join(f"piece {number}, " for number in range(400))


class SmallDisk:
    """A tmpfs of 24 MiB."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Not one byte is left."""
        descriptor = os.open(self._ballast, os.O_WRONLY | os.O_CREAT)
        block = b"x" * 4096
        try:
            while True:
                os.write(descriptor, block)
        except OSError:
            pass
        finally:
            os.close(descriptor)

    def free(self) -> None:
        self._ballast.unlink()


@pytest.fixture
def small(own_lab: Lab) -> Iterator[SmallDisk]:
    """Below the server's state, before the server is there."""
    state = find_paths(own_lab.server_environment).state
    state.mkdir(parents=True, mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "tmpfs", str(state)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        yield SmallDisk(state)
    finally:
        if own_lab.servers and own_lab.server.running.process.poll() is None:
            own_lab.server.stop()
        subprocess.run(["umount", "--lazy", state], check=True)


def test_prompts_are_refused_and_turns_go_on(own_lab: Lab, small: SmallDisk) -> None:
    lab = own_lab
    server = lab.start()
    alice = lab.approved("alice")
    gate = Gate()
    lab.api.on("a long story", reply(say(PIECES, chunks=400, gate=gate, gate_after=100)))
    with alice.watch("-n", "story", "-p", "a long story") as running:
        running.wait_for("piece 9")
        claudes = lab.claudes()
        small.fill()
        # What was written before leaves some room in the journal's own files, but not for this.
        large = b"is there room? " + b"x" * 4_000_000
        ran = alice.run("-p", stdin=large)
        assert ran.code == 3, ran
        assert "cannot write its journal" in ran.err
        assert "full" in ran.err
        gate.open()
        told = json.loads(alice.run("status", "--json").out)["journal"]
        assert told["room"] == 0
        assert alice.run("ping").code == 0
        assert lab.claudes() == claudes
        small.free()
        ran = running.finish()
    # By itself: nothing was lost of what claude said meanwhile.
    assert (ran.code, ran.out) == (0, PIECES + "\n"), ran
    lab.api.on("is there room", text("There is."))
    assert alice.run("-p", "is there room now?").out == "There is.\n"
    assert server.stop().code == 0
    journal = sqlite3.connect(find_paths(lab.server_environment).journal)
    assert journal.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    journal.close()


def test_a_disk_that_is_full_for_long_stops_nobody_for_ever(own_lab: Lab, small: SmallDisk) -> None:
    """More is said than the journal's files have room for: it is kept by the worker until there is."""
    lab = own_lab
    lab.start()
    alice = lab.approved("alice")
    gate = Gate()
    much = "".join(
        f"line {number} {'y' * 1000}\n" for number in range(2000)
    )  # 2 MB; three times that with its frames
    lab.api.on("a flood", reply(say(much, chunks=200, gate=gate, gate_after=5)))
    with alice.start("-n", "flood", "-p", "a flood") as running:
        gate.wait()
        small.fill()
        gate.open()
        with alice.start("status", "--json") as asking:
            assert asking.finish().code == 0
        lab.server.running.wait_for("cannot be written", stream="err")
        told = json.loads(alice.run("status", "--json").out)
        assert "full" in told["journal"]["failing"]
        assert "NOTHING CAN BE STORED" in alice.run("status").out
        small.free()
        ran = running.finish(60)
    assert ran.code == 0, ran.err
    assert ran.out == much
    assert json.loads(alice.run("status", "--json").out)["journal"]["failing"] == ""
