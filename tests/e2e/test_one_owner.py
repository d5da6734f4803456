"""A session has one live claude, ever: also when worker, zygote or broker stood still for a while."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator

import pytest

from claude_remote import processes
from claude_remote.client.client import Client
from claude_remote.client.connecting import connect
from claude_remote.messages import PromptState
from claude_remote.paths import find_paths
from claude_remote.processes import Process
from claude_remote_broker import zygote
from tests.e2e.followed import Followed
from tests.e2e.lab import Lab, importing_tests
from tests.fakes.messages_api import Gate, reply, say, text

pytestmark = pytest.mark.e2e


@pytest.fixture
def lab(own_lab: Lab) -> Lab:
    own_lab.server_environment |= importing_tests()
    own_lab.program = (sys.executable, "-m", "tests.e2e.hurried")
    own_lab.start("--workers", "3")
    return own_lab


@pytest.fixture
def owner(lab: Lab) -> Iterator[Client]:
    with connect(paths=find_paths(lab.server_environment)) as client:
        yield client


def the_zygote(lab: Lab) -> Process:
    return next(each for each in family(lab) if not _parents(lab, each))


def workers(lab: Lab) -> list[Process]:
    return [each for each in family(lab) if _parents(lab, each)]


def family(lab: Lab) -> list[Process]:
    return zygote.find_family(find_paths(lab.server_environment).zygote_socket)


def _parents(lab: Lab, process: Process) -> set[int]:
    return {each.pid for each in family(lab)} & set(processes.ancestors(process.pid))


def freeze(process: Process) -> None:
    assert processes.send_signal(process, signal.SIGSTOP)


def wake(process: Process) -> bool:
    return processes.send_signal(process, signal.SIGCONT)


def begun(owner: Client, lab: Lab, name: str) -> Process:
    """A session that has had a turn; its worker."""
    before = workers(lab)
    lab.api.on(name, text("Here."))
    assert owner.prompt(name, name=name).wait().state is PromptState.DONE
    (worker,) = [each for each in workers(lab) if each not in before]
    return worker


def assert_one_claude(lab: Lab) -> None:
    deadline = time.monotonic() + 30
    while len(lab.claudes()) != 1:
        assert time.monotonic() < deadline, lab.claudes()
        time.sleep(0.05)


def test_a_worker_that_stands_still_is_gone_before_another_has_its_session(lab: Lab, owner: Client) -> None:
    worker = begun(owner, lab, "stony")
    (old,) = lab.claudes()
    freeze(worker)
    lab.api.on("stony", text("By another."))
    # It waits until the old one is proven gone.
    assert owner.prompt("go on", session="stony").wait().state is PromptState.DONE
    assert not wake(worker)
    assert_one_claude(lab)
    assert old not in lab.claudes()
    assert len(lab.api.calls) == 2


def test_a_turn_whose_worker_stands_still_goes_on_when_it_wakes(lab: Lab, owner: Client) -> None:
    gate = Gate()
    pieces = [f"piece {number}, " for number in range(40)]
    lab.api.on("a story", reply(say("".join(pieces), chunks=40, gate=gate, gate_after=20)))
    turn = Followed(owner.prompt("a story", name="story"))
    gate.wait()
    (worker,) = workers(lab)
    freeze(worker)
    gate.open()
    wait_for_state(owner, "story", "lost")
    assert wake(worker)
    assert turn.finished().state is PromptState.DONE
    numbers = turn.numbers()
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert_one_claude(lab)
    assert len(lab.api.calls) == 1


def test_a_prompt_behind_a_turn_that_stands_still(lab: Lab, owner: Client) -> None:
    """Somebody waits: then the turn is given up, and its claude is gone before the next begins."""
    gate = Gate()
    lab.api.on("a story", reply(say("never told", gate=gate)), text("The next."))
    turn = Followed(owner.prompt("a story", name="story"))
    gate.wait()
    (worker,) = workers(lab)
    tree = [worker, *processes.below([worker.pid])]
    freeze(worker)
    assert owner.prompt("and then?", session="story").wait().state is PromptState.DONE
    assert turn.finished().state is PromptState.INTERRUPTED
    assert not any(map(processes.is_alive, tree))
    assert_one_claude(lab)


def test_a_zygote_that_stands_still_is_replaced_and_its_workers_live(lab: Lab, owner: Client) -> None:
    begun(owner, lab, "first")
    mother = the_zygote(lab)
    freeze(mother)
    begun(owner, lab, "second")
    assert not wake(mother)
    # What was forked by the old one is nobody's child, and is known all the same.
    lab.api.on("first", text("Still here."))
    assert owner.prompt("go on", session="first").wait().state is PromptState.DONE
    assert len(lab.claudes()) == 2
    assert owner.close_session("first").state == "closed"
    assert_one_claude(lab)


def test_worker_and_zygote_stand_still_together(lab: Lab, owner: Client) -> None:
    worker = begun(owner, lab, "stony")
    mother = the_zygote(lab)
    freeze(worker)
    freeze(mother)
    lab.api.on("stony", text("By another."))
    assert owner.prompt("go on", session="stony", patience=90).wait().state is PromptState.DONE
    assert not wake(worker)
    assert not wake(mother)
    assert_one_claude(lab)


def test_a_broker_that_stands_still_finds_everything_as_it_was(lab: Lab, owner: Client) -> None:
    gate = Gate()
    pieces = [f"piece {number}, " for number in range(40)]
    lab.api.on("a story", reply(say("".join(pieces), chunks=40, gate=gate, gate_after=20)))
    turn = Followed(owner.prompt("a story", patience=90))
    gate.wait()
    broker = processes.find_process(lab.server.pid)
    assert broker is not None
    before = lab.claudes()
    freeze(broker)
    gate.open()
    # Longer than a worker waits for a sign of it, and than it waits for a sign of a worker.
    time.sleep(7)
    assert wake(broker)
    assert turn.finished().state is PromptState.DONE
    numbers = turn.numbers()
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert lab.claudes() == before
    # Meanwhile nobody could take its place.
    assert len(lab.api.calls) == 1


def test_nobody_takes_the_place_of_a_broker_that_stands_still(lab: Lab, owner: Client) -> None:
    broker = processes.find_process(lab.server.pid)
    assert broker is not None
    freeze(broker)
    ran = lab.run("claude-remote-server", "-p", "0", "--no-gui", env=lab.server_environment)
    assert ran.code != 0
    assert str(broker.pid) in ran.err
    assert wake(broker)
    begun(owner, lab, "after all")


def wait_for_state(owner: Client, name: str, state: str) -> None:
    deadline = time.monotonic() + 30
    while not any(each.name == name and each.state == state for each in owner.sessions()):
        assert time.monotonic() < deadline, owner.sessions()
        time.sleep(0.05)
