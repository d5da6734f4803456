"""The server restarts, and what runs goes on."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from claude_remote.paths import find_paths
from claude_remote_broker import zygote
from claude_remote_broker.state_lock import read_holder
from tests.e2e.lab import Lab
from tests.fakes.messages_api import Gate, bash, reply, say, text

pytestmark = pytest.mark.e2e

PIECES = "".join(f"piece {number}, " for number in range(200))


def gated_story(lab: Lab) -> Gate:
    gate = Gate()
    lab.api.on("a long story", reply(say(PIECES, chunks=200, gate=gate, gate_after=100)))
    return gate


def family(lab: Lab) -> set[int]:
    found = zygote.find_family(find_paths(lab.server_environment).zygote_socket)
    return {process.pid for process in found}


def test_a_restart_ends_no_turn(own_lab: Lab) -> None:
    """By the command: the same process, port and workers; the client goes on where it was."""
    lab = own_lab
    server = lab.start()
    alice = lab.approved("alice")
    gate = gated_story(lab)
    with alice.watch("-n", "story", "-p", "a long story") as running:
        running.wait_for("piece 9")
        claudes, members = lab.claudes(), family(lab)
        for _ in range(2):
            ran = server.control("restart")
            assert ran.code == 0, ran
            assert f"pid {server.pid}" in ran.out
            assert f":{server.port}" in ran.out
        gate.open()
        ran = running.finish()
    assert (ran.code, ran.out.replace("\n", "")) == (0, PIECES), ran
    assert "restarting" in ran.err
    assert len(lab.api.calls) == 1
    assert (lab.claudes(), family(lab)) == (claudes, members)
    lab.api.on("a long story", text("The end."))
    assert alice.run("-r", "story", "-p", "and then?").out == "The end.\n"
    assert lab.claudes() == claudes
    assert server.stop().code == 0


def test_a_restart_by_systemd_ends_no_turn(own_lab: Lab) -> None:
    """RestartKillSignal of the unit: this process ends, and another one goes on with what runs."""
    lab = own_lab
    first = lab.start()
    alice = lab.approved("alice")
    gate = gated_story(lab)
    with alice.watch("-p", "a long story") as running:
        running.wait_for("piece 9")
        claudes = lab.claudes()
        first.running.process.send_signal(signal.SIGUSR1)
        assert first.running.process.wait(30) == 0
        lab.start(port=first.port)
        gate.open()
        ran = running.finish()
    assert (ran.code, ran.out.replace("\n", "")) == (0, PIECES), ran
    assert lab.claudes() == claudes


def test_an_approval_stays_open_through_a_restart(own_lab: Lab) -> None:
    lab = own_lab
    server = lab.start()
    alice = lab.approved("alice")
    lab.api.on("may I", bash("touch done"), text("Done."))
    with alice.start("-p", "--on-approval", "wait", "may I") as running:
        running.wait_for("waiting for an approval", stream="err")
        assert server.control("restart").code == 0
        (session,) = [entry for entry in _sessions(lab) if entry["approvals"]]
        _allow(lab, str(session["id"]))
        assert running.finish().out == "Done.\n"
    assert (lab.work / "done").exists()


def test_what_would_not_start_is_not_begun(own_lab: Lab) -> None:
    lab = own_lab
    server = lab.start()
    alice = lab.approved("alice")
    environment = find_paths(lab.server_environment).environment
    environment.write_text("no assignment\n")
    ran = server.control("restart")
    assert ran.code == 2, ran
    assert str(environment) in ran.err
    assert alice.run("ping").code == 0
    environment.unlink()
    assert server.control("restart").code == 0
    assert alice.run("ping").code == 0


def test_nothing_to_restart(own_lab: Lab) -> None:
    ran = own_lab.run("claude-remote-server", "restart", env=own_lab.server_environment)
    assert ran.code == 3
    assert "no server runs" in ran.err


def test_sigterm_right_after_a_restart_ends_everything(own_lab: Lab) -> None:
    lab = own_lab
    server = lab.start()
    alice = lab.approved("alice")
    lab.api.on("busy", bash("touch running; sleep 300"), text("never said"))
    with alice.start("-p", "--allowedTools=Bash", "busy") as running:
        _wait_for(lab.work / "running")
        os.kill(server.pid, signal.SIGUSR2)
        # It comes in whatever moment: while it is checked, handed over, executed, or begun.
        _wait_for_life(lab)
        server.running.process.send_signal(signal.SIGTERM)
        assert server.running.finish(15).code == 0
        assert not lab.claudes()
        running.interrupt()
        running.finish()


def _wait_for_life(lab: Lab) -> None:
    """The next life holds the lock, and is not ready."""
    import time

    path = find_paths(lab.server_environment).lock
    before = read_holder(path)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        holder = read_holder(path)
        if holder is not None and before is not None and holder.since != before.since:
            return
        time.sleep(0.005)
    raise TimeoutError


def _sessions(lab: Lab) -> list[dict[str, object]]:
    import json

    ran = lab.run("claude-remote", "sessions", "--json", env=lab.server_environment)
    listed: list[dict[str, object]] = json.loads(ran.out)
    return listed


def _allow(lab: Lab, session: str) -> None:
    from claude_remote import facts
    from claude_remote.client import events
    from claude_remote.client.connecting import connect

    with connect(paths=find_paths(lab.server_environment)) as client:
        for event in client.attach(session, follow=False):
            if isinstance(event, events.Fact) and isinstance(event.fact, facts.ApprovalOpened):
                client.allow(event.fact.approval)


def _wait_for(path: Path) -> None:
    import time

    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, path
        time.sleep(0.02)


_DEFECT = """
import sys
from pathlib import Path

FLAG = Path({flag!r})

if any("claude-remote-server" in word for word in sys.orig_argv):
    from claude_remote_broker.core import reception

    listed = reception.pages

    def pages(*arguments):
        if FLAG.exists():
            FLAG.unlink()
            raise RuntimeError("a defect")
        return listed(*arguments)

    reception.pages = pages
"""


def test_a_defect_is_answered_by_a_new_life(own_lab: Lab) -> None:
    """What is in memory may be wrong then; what is on disk is not. The turn goes on."""
    lab = own_lab
    vars(lab)["complaints"] = list  # it is to complain
    folder, flag = lab.folder / "patched", lab.folder / "now"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_DEFECT.format(flag=str(flag)))
    before = lab.server_environment.get("PYTHONPATH", "")
    lab.server_environment["PYTHONPATH"] = f"{folder}:{before}"
    server = lab.start()
    alice = lab.approved("alice")
    gate = gated_story(lab)
    with alice.watch("-p", "a long story") as running:
        running.wait_for("piece 9")
        claudes = lab.claudes()
        flag.touch()
        with alice.start("sessions") as asking:
            asking.finish()
        server.running.wait_for("making way for the next life", stream="err")
        assert "RuntimeError: a defect" in server.log
        gate.open()
        ran = running.finish()
    assert (ran.code, ran.out.replace("\n", "")) == (0, PIECES), ran
    assert lab.claudes() == claudes
    assert alice.run("sessions").code == 0
