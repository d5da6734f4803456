"""Shutting a server down and reading its log, from another machine."""

from __future__ import annotations

import threading

import pytest

from tests.e2e.lab import Client, Lab
from tests.fakes.messages_api import Gate, reply, say, text

pytestmark = pytest.mark.e2e


@pytest.fixture
def admin(own_lab: Lab) -> Client:
    own_lab.start()
    return own_lab.approved("admin", rights="full")


def gated_turn(lab: Lab, client: Client, words: str) -> tuple[Gate, threading.Thread, list[str]]:
    """A turn in the middle of its answer, and what its client will have printed."""
    gate = Gate()
    lab.api.on(words, reply(say("first, second", chunks=2, gate=gate, gate_after=1)))
    out: list[str] = []
    thread = threading.Thread(target=lambda: out.append(client.run("-p", words, timeout=90).out))
    thread.start()
    gate.wait()
    return gate, thread, out


def test_it_waits_for_the_turn_that_runs(own_lab: Lab, admin: Client, words: str) -> None:
    gate, thread, out = gated_turn(own_lab, admin, words)
    with admin.start("shutdown") as running:
        running.wait_for("one turn runs still", stream="err")
        refused = admin.run("exec", "true")
        assert refused.code == 255
        assert "about to shut down" in refused.err
        gate.open()
        ran = running.finish()
    assert ran.code == 0
    assert "has shut down" in ran.err
    thread.join(30)
    assert out == ["first, second\n"]
    assert own_lab.server.running.finish().code == 0


def test_ctrl_c_takes_it_back(own_lab: Lab, admin: Client, words: str) -> None:
    gate, thread, out = gated_turn(own_lab, admin, words)
    with admin.start("shutdown") as running:
        running.wait_for("one turn runs still", stream="err")
        running.interrupt()
        ran = running.finish()
    assert ran.code == 130
    assert "goes on" in ran.err
    gate.open()
    thread.join(30)
    assert out == ["first, second\n"]
    assert admin.run("exec", "echo on").out == "on\n"


def test_of_two_who_want_it_one_may_go(own_lab: Lab, admin: Client, words: str) -> None:
    gate, thread, out = gated_turn(own_lab, admin, words)
    with admin.start("shutdown") as first:
        first.wait_for("one turn runs still", stream="err")
        second = admin.start("shutdown")
        second.wait_for("one turn runs still", stream="err")
        assert "shuts down when one turn that runs has ended" in admin.run("status").out
        second.interrupt()
        ran = second.finish()
        assert (ran.code, "is to shut down all the same" in ran.err) == (130, True), ran
        second.close()
        gate.open()
        ended = first.finish()
        assert (ended.code, ended.err.count("one turn runs still")) == (0, 1), ended
    thread.join(30)
    assert out == ["first, second\n"]
    assert own_lab.server.running.finish().code == 0


def test_now_interrupts_it(own_lab: Lab, admin: Client, words: str) -> None:
    gate, thread, _ = gated_turn(own_lab, admin, words)
    assert admin.run("shutdown", "--now").code == 0
    assert own_lab.server.running.finish().code == 0
    gate.open()
    own_lab.start(port=own_lab.server.port)
    thread.join(60)
    assert not thread.is_alive()


def test_it_needs_the_right(own_lab: Lab, admin: Client) -> None:
    bob = own_lab.approved("bob")
    for command in (["shutdown"], ["shutdown", "--now"], ["server-logs"], ["workers"]):
        ran = bob.run(*command)
        assert (ran.code, "lacks the right `admin`" in ran.err) == (4, True)
    assert admin.run("ping").code == 0


def test_the_log_is_shown_and_followed(own_lab: Lab, admin: Client) -> None:
    last = admin.run("server-logs", "-n", "1")
    assert "approved admin" in last.out
    assert last.out.count("\n") == 1
    with admin.start("server-logs", "-f") as running:
        running.wait_for("approved admin")
        admin.run("exec", "true")
        running.wait_for(r"\(Exec\) for client admin")
        running.interrupt()
        assert running.finish().code == 130


def test_the_workers_are_shown_and_scaled(own_lab: Lab, admin: Client) -> None:
    own_lab.api.on("hello", text("Hi."))
    assert admin.run("-n", "greeting", "-p", "hello").out == "Hi.\n"
    assert "greeting" in admin.run("workers").out
    assert admin.run("workers", "scale", "1:3").out.startswith("1 of 3, ")
    assert '"most": 3' in admin.run("workers", "--json").out
    wrong = admin.run("workers", "scale", "3:1")
    assert (wrong.code, "MIN is not above MAX" in wrong.err) == (2, True)
