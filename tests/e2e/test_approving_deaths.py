"""An answer on its way while a worker or the broker dies: the receipt tells what came of it, and the tool ran
once or not at all.
"""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from claude_remote.paths import find_paths
from claude_remote_broker import zygote
from tests.e2e.lab import Client, Lab
from tests.e2e.test_approving import WHOLE, names, opened, prompting, steps
from tests.fakes.messages_api import bash, text

pytestmark = pytest.mark.e2e


@pytest.fixture
def lab(own_lab: Lab) -> Lab:
    own_lab.start()
    return own_lab


@pytest.fixture
def alice(lab: Lab) -> Client:
    return lab.approved("alice")


def worker_of(lab: Lab, claude: int) -> int:
    """The process above claude."""
    lines = Path(f"/proc/{claude}/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    worker = int(status["PPid"])
    assert worker in {process.pid for process in zygote.find_family(_socket(lab))}
    return worker


def _socket(lab: Lab) -> Any:
    return find_paths(lab.server_environment).zygote_socket


def runs(lab: Lab, name: str) -> int:
    """How often a tool ran that adds a line to a file."""
    path = lab.work / name
    return len(path.read_text().splitlines()) if path.exists() else 0


def test_an_approval_outlives_the_broker_and_heartbeats(lab: Lab, alice: Client, words: str) -> None:
    lab.api.on(words, bash("echo x >> kept"), text("Done."))
    port = lab.server.port
    with prompting(alice, words, "-n", "kept") as prompt:
        (found,) = opened(alice)
        # Longer than a dead link, and than the worker's patience with a broker that says nothing.
        time.sleep(17)
        assert [each["id"] for each in opened(alice)] == [found["id"]]
        lab.server.kill()
        lab.start(port=port)
        assert [each["id"] for each in opened(alice)] == [found["id"]]
        assert alice.run("allow", found["id"]).code == 0
        assert prompt.finish().out == "Done.\n"
    assert runs(lab, "kept") == 1
    assert names(steps(alice, "kept")) == WHOLE


def test_the_answer_is_given_while_the_broker_restarts(lab: Lab, alice: Client, words: str) -> None:
    lab.api.on(words, bash("echo x >> restarted"), text("Done."))
    port = lab.server.port
    with prompting(alice, words, "-n", "restarted") as prompt:
        (found,) = opened(alice)
        with alice.start("allow", found["id"]) as allow:
            lab.server.kill()
            lab.start(port=port)
            ran = allow.finish()
        if ran.code == 3:  # it had not reached the server even once
            ran = alice.run("allow", found["id"])
        assert ran.code == 0, ran
        assert prompt.finish().out == "Done.\n"
    assert runs(lab, "restarted") == 1
    assert names(steps(alice, "restarted")) == WHOLE


@pytest.mark.parametrize("number", range(2))
def test_the_answer_is_given_while_the_worker_is_killed(
    lab: Lab, alice: Client, words: str, number: int
) -> None:
    name = f"killed-{number}"
    lab.api.on(words, bash(f"echo x >> {name}"), text("Done."))
    with prompting(alice, words, "-n", name) as prompt:
        (found,) = opened(alice)
        worker = worker_of(lab, lab.claude_of(words))
        with alice.start("allow", found["id"]) as allow:
            # Before it is given, while it is on its way, or after it was taken.
            time.sleep(0.35 * number)
            os.kill(worker, signal.SIGKILL)
            ran = allow.finish()
        prompt.finish()
    told = names(steps(alice, name))
    if ran.code == 0:
        assert "approval-taken" in told
    else:
        assert ran.code == 1, ran
        assert told[-1] == "approval-void"
        assert runs(lab, name) == 0
    assert runs(lab, name) <= 1


def test_a_rule_outlives_the_broker(lab: Lab, alice: Client, words: str) -> None:
    lab.api.on(words, bash("mkdir by-rule"), text("Done."))
    assert alice.run("rules", "add", "Bash(mkdir *)", "--mine").code == 0
    port = lab.server.port
    lab.server.kill()
    lab.start(port=port)
    ran = alice.run("-p", words)
    assert ran.out == "Done.\n", ran
    assert (lab.work / "by-rule").is_dir()
    (rule,) = json.loads(alice.run("rules", "--json").out)
    assert rule["used"] == 1
