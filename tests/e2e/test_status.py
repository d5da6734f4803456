"""The truth about every hop."""

from __future__ import annotations

import json
import os
import signal

import pytest

from tests.e2e.lab import Lab
from tests.fakes.messages_api import Gate, text

pytestmark = pytest.mark.e2e


def test_every_hop_is_told_of(own_lab: Lab) -> None:
    lab = own_lab
    server = lab.start()
    alice = lab.approved("alice")
    bob = lab.approved("bob")
    gate = Gate()
    lab.api.on("wait for it", text("Here.", gate=gate))
    with alice.start("-n", "waiter", "-p", "wait for it") as running:
        gate.wait()
        # Beats come each second; the first that goes there and back is measured.
        for _ in range(100):
            ran = alice.run("status", "--json")
            assert ran.code == 0, ran
            told = json.loads(ran.out)
            (session,) = told["vitals"]
            if session["beat"] is not None and session["claude_ago"] is not None:
                break
        assert session["name"] == "waiter"
        assert session["state"] == "working"
        assert session["running"] == "alice"
        assert 0 <= session["beat"] < 30
        assert 0 <= session["worker_ago"] < 30
        assert session["claude"] in lab.claudes()
        assert 0 <= session["claude_ago"] < 60
        assert session["readers"] == 1
        assert told["pid"] == server.pid
        assert told["workers"] == 1
        assert told["journal"]["room"] > 0
        assert told["journal"]["commit"] > 0
        assert told["lag"] is not None
        assert len(told["link"]["round_trips"]) == 3
        # Who may not see others' sessions is not told of them.
        lab.server.approve("bob", rights="prompt")
        assert json.loads(bob.run("status", "--json").out)["vitals"] == []
        words = alice.run("status").out
        assert "client → door" in words
        assert "waiter" in words
        # A worker that stands still is not called well.
        pid = session["pid"]
        os.kill(pid, signal.SIGSTOP)
        try:
            for _ in range(100):
                words = alice.run("status", "waiter").out
                if "not heard for" in words:
                    break
            assert "not heard for" in words
        finally:
            os.kill(pid, signal.SIGCONT)
        gate.open()
        assert running.finish().out == "Here.\n"


def test_the_owner_asks(own_lab: Lab) -> None:
    lab = own_lab
    server = lab.start()
    ran = server.control("status")
    assert ran.code == 0, ran
    assert server.address in ran.out
    told = json.loads(server.control("status", "--json").out)
    assert told["address"] == server.address
    server.stop()
    ran = server.control("status")
    assert ran.code == 3
    assert "no server runs" in ran.err
