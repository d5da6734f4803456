"""The death of any process of the server: what goes on, what is told, and that nothing is left behind."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from claude_remote import processes
from claude_remote.client import events
from claude_remote.client.client import Client
from claude_remote.client.connecting import connect
from claude_remote.messages import PromptState
from claude_remote.paths import find_paths
from claude_remote.processes import Process
from claude_remote_broker import zygote
from tests.e2e.followed import Followed
from tests.e2e.lab import Lab
from tests.fakes.messages_api import Gate, bash, reply, say, text

pytestmark = pytest.mark.e2e

PIECES = [f"piece {number}, " for number in range(40)]


@pytest.fixture
def lab(own_lab: Lab) -> Lab:
    own_lab.start()
    return own_lab


@pytest.fixture
def owner(lab: Lab) -> Iterator[Client]:
    with connect(paths=find_paths(lab.server_environment)) as client:
        yield client


def family(lab: Lab) -> list[Process]:
    return zygote.find_family(find_paths(lab.server_environment).zygote_socket)


def zygote_of(lab: Lab) -> Process:
    """The zygote: of its family the one that is nobody's child among them."""
    members = family(lab)
    pids = {process.pid for process in members}
    (found,) = [process for process in members if pids.isdisjoint(processes.ancestors(process.pid))]
    return found


def gated_story(lab: Lab) -> Gate:
    gate = Gate()
    lab.api.on("a story", reply(say("".join(PIECES), chunks=40, gate=gate, gate_after=20)))
    return gate


def wait_for(path: Path) -> None:
    end = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < end, path
        time.sleep(0.02)


def assert_whole_story(turn: Followed) -> None:
    assert turn.finished().state is PromptState.DONE
    numbers = turn.numbers()
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_the_zygote_dies_and_the_turn_goes_on(lab: Lab, owner: Client) -> None:
    gate = gated_story(lab)
    turn = Followed(owner.prompt("a story"))
    gate.wait()
    old = zygote_of(lab)
    processes.send_signal(old, signal.SIGKILL)
    # A new session needs a new zygote.
    lab.api.on("another", text("Here."))
    assert owner.prompt("another").wait().state is PromptState.DONE
    gate.open()
    assert_whole_story(turn)
    # The worker that nobody forked any more goes on, too.
    accepted = next(event for event in turn.events if isinstance(event, events.Accepted))
    lab.api.on("a story", text("And more."))
    assert owner.prompt("more", session=accepted.session.id).wait().state is PromptState.DONE
    lab.server.stop()


def test_broker_and_zygote_die_and_the_turn_goes_on(lab: Lab, owner: Client) -> None:
    gate = gated_story(lab)
    turn = Followed(owner.prompt("a story", patience=60))
    gate.wait()
    before = lab.claudes()
    processes.send_signal(zygote_of(lab), signal.SIGKILL)
    lab.server.kill()
    lab.start(port=lab.server.port)
    gate.open()
    assert_whole_story(turn)
    assert lab.claudes() == before
    assert len(lab.api.calls) == 1


def test_a_worker_dies_with_a_tool_running_and_nothing_of_it_is_left(lab: Lab, owner: Client) -> None:
    lab.api.on("long tool", bash("touch running; sleep 300"), text("never said"))
    turn = Followed(owner.prompt("long tool", options=["--allowedTools=Bash"]))
    wait_for(lab.work / "running")
    mother = zygote_of(lab)
    (worker,) = [process for process in family(lab) if process != mother]
    tree = processes.below([worker.pid])
    assert len(tree) >= 2
    processes.send_signal(worker, signal.SIGKILL)
    finished = turn.finished()
    assert finished.state is PromptState.INTERRUPTED
    assert finished.reason
    assert not any(map(processes.is_alive, tree))
    # The conversation is not lost.
    lab.api.on("long tool", text("Going on."))
    (session,) = owner.sessions()
    assert owner.prompt("go on", session=session.id).wait().state is PromptState.DONE


def test_a_worker_dies_when_its_zygote_is_dead_already(lab: Lab, owner: Client) -> None:
    lab.api.on("long tool", bash("touch running; sleep 300"), text("never said"))
    turn = Followed(owner.prompt("long tool", options=["--allowedTools=Bash"]))
    wait_for(lab.work / "running")
    mother = zygote_of(lab)
    (worker,) = [process for process in family(lab) if process != mother]
    tree = processes.below([worker.pid])
    processes.send_signal(mother, signal.SIGKILL)
    processes.send_signal(worker, signal.SIGKILL)
    assert turn.finished().state is PromptState.INTERRUPTED
    assert not any(map(processes.is_alive, tree))


def test_everything_of_the_server_dies_at_once(lab: Lab, owner: Client) -> None:
    lab.api.on("long tool", bash("touch running; sleep 300"), text("never said"))
    turn = Followed(owner.prompt("long tool", options=["--allowedTools=Bash"], patience=60))
    wait_for(lab.work / "running")
    members = family(lab)
    tree = processes.below([process.pid for process in members])
    for process in members:
        os.kill(process.pid, signal.SIGKILL)
    lab.server.kill()
    lab.start(port=lab.server.port)
    assert turn.finished().state is PromptState.INTERRUPTED
    assert not any(map(processes.is_alive, tree))


def test_a_zygote_that_was_started_before_a_restart_leaves_no_zombie(lab: Lab, owner: Client) -> None:
    old = zygote_of(lab)
    assert lab.server.control("restart").code == 0
    processes.send_signal(old, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while old.pid in processes.snapshot():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    lab.api.on("another", text("Here."))
    assert owner.prompt("another", patience=60).wait().state is PromptState.DONE
