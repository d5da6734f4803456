"""Rights that are given and taken while their client works."""

from __future__ import annotations

import json

import pytest

from tests.e2e.lab import Lab
from tests.fakes.messages_api import Gate, text

pytestmark = pytest.mark.e2e


def test_rights_hold_at_once(lab: Lab) -> None:
    alice, bob = lab.approved("alice"), lab.approved("bob")
    assert lab.server.control("clients", "rights", "bob", "=full").out == "✓ bob may now: full\n"
    gate = Gate()
    lab.api.on("a long story", text("Once upon a time.", chunks=4, gate=gate, gate_after=1))
    lab.api.on("another", text("Never."))
    try:
        with alice.watch("-p", "--name", "tale", "a long story") as telling:
            telling.wait_for("Once")
            with bob.start("attach", "tale") as looking:
                looking.wait_for("Once")
                lab.server.control("clients", "rights", "bob", "=prompt,files")
                ended = looking.finish()
            assert ended.code == 4
            assert "view" in ended.err
            ran = lab.server.control("clients", "rights", "alice", "-prompt")
            assert ran.out.startswith("✓ alice may now: view,approve,files in "), ran
            assert telling.finish().code != 0
    finally:
        gate.open()
    asked = alice.run("-p", "another")
    assert asked.code == 4
    assert "prompt" in asked.err
    # Bob sees what is his, and nothing else.
    assert json.loads(bob.run("sessions", "--json").out) == []
    assert bob.run("attach", "tale").code == 2
    assert bob.run("-p", "--name", "mine", "another").out == "Never.\n"
    assert [each["name"] for each in json.loads(bob.run("sessions", "--json").out)] == ["mine"]
    assert "Never." in bob.run("logs", "mine").out
    assert "taken" not in bob.run("rename", "mine", "tale").err


def test_roots_are_held(lab: Lab) -> None:
    carol = lab.approved("carol")
    inside, outside = lab.work / "inside", lab.work / "outside"
    for folder in (inside, outside):
        folder.mkdir()
    (inside / "way-out").symlink_to(outside)
    lab.api.on("hello", text("Hi."))
    ran = lab.server.control("clients", "rights", "carol", "--root", str(inside))
    assert ran.out == f"✓ carol may now: work in {inside}\n", ran
    assert carol.run("-p", "-C", str(inside), "hello").out == "Hi.\n"
    for folder in (outside, inside / "way-out", inside / "../outside", lab.work):
        ran = carol.run("-p", "-C", str(folder), "hello")
        assert ran.code == 4, folder
        assert "outside" in ran.err
    assert lab.server.control("clients", "rights", "carol", "--root", "/no/such").code == 2


def test_an_administrator_from_afar_has_the_same_words(lab: Lab) -> None:
    boss, dave = lab.approved("boss", rights="full"), lab.approved("dave")
    changed = boss.run("clients", "rights", "dave", "-files", "+exec")
    assert changed.out == "✓ dave may now: view,prompt,approve,exec\n", changed
    ran = dave.run("clients", "rights", "dave", "+admin")
    assert ran.code == 4
    assert "admin" in ran.err
