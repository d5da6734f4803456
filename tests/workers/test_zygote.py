"""A real zygote: forks, reaps, cleans up, outlives its brokers, ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from claude_remote import launch, processes
from claude_remote.facts import TurnFinished
from tests.workers import stand_ins
from tests.workers.stage import OrderLine, Stage, wait_until

pytestmark = pytest.mark.e2e


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(stand_ins.make(tmp_path, stand_ins.ANSWERING)) as stage:
        yield stage


def zygote(socket: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "claude_remote_workers.zygote", "--socket", str(socket), *more]


def test_forks_lists_and_kills(stage: Stage) -> None:
    forked = [stage.fork(f"w{number}") for number in range(3)]
    assert all(processes.is_alive(processes.Process(one.pid, one.started)) for one in forked)
    stage.orders.send(launch.List())
    assert stage.orders.wait_for(launch.Workers).workers == tuple(forked)
    stage.orders.send(launch.Kill(worker="w1"))
    exited = stage.orders.wait_for(launch.Exited)
    assert (exited.worker, exited.pid, exited.status) == ("w1", forked[1].pid, -signal.SIGKILL)
    stage.orders.send(launch.Kill(worker="w1"))
    assert stage.orders.wait_for(launch.Workers).workers == (forked[0], forked[2]), "it knows no w1"


def test_a_name_is_used_once_and_an_environment_is_text(stage: Stage) -> None:
    stage.fork("w1")
    order = launch.Fork(worker="w1", token="", bus="", spill="", claude="", state_id="")
    stage.orders.send(order)
    assert stage.orders.wait_for(launch.ForkFailed).reason == "there is a worker of that name"
    stage.orders.send(launch.Fork(worker="w2", token="", bus="", spill="", claude="", state_id=""), b"\x93")
    assert "a broken environment" in stage.orders.wait_for(launch.ForkFailed).reason


def test_a_killed_worker_leaves_no_process(stage: Stage) -> None:
    forked = stage.fork()
    stage.broker.lease(stage.work)
    stage.broker.give("spawn")
    stage.broker.wait_for(TurnFinished)
    left = processes.below((forked.pid,))
    assert len(left) == 4, "claude, a tool, and two that have lost their parent"
    os.kill(forked.pid, signal.SIGKILL)
    stage.orders.wait_for(launch.Exited)
    assert not any(processes.is_alive(process) for process in left)


def test_what_has_escaped_from_the_tree_is_found_by_its_lease(stage: Stage) -> None:
    forked = stage.fork()
    session = stage.broker.lease(stage.work)
    stage.broker.give("stream 1")
    stage.broker.wait_for(TurnFinished)
    marker = processes.lease_marker(stage.state_id, session, 1)
    with subprocess.Popen(["sleep", "300"], env={**os.environ, "CLAUDE_REMOTE_LEASE": marker}) as escaped:
        os.kill(forked.pid, signal.SIGKILL)
        assert stage.orders.wait_for(launch.Exited).worker == "w1"
        assert escaped.wait(10) == -signal.SIGKILL


def test_one_workers_death_is_nothing_to_the_others(stage: Stage) -> None:
    stage.fork("w1")
    stage.broker.lease(stage.work)
    other = stage.fork("w2")
    os.kill(other.pid, signal.SIGKILL)
    assert stage.orders.wait_for(launch.Exited).worker == "w2"
    stage.broker.give("stream 1")
    stage.broker.wait_for(TurnFinished)


def test_a_new_broker_hears_what_happened_without_one(stage: Stage) -> None:
    first, second = stage.fork("w1"), stage.fork("w2")
    stage.orders.close()
    os.kill(first.pid, signal.SIGKILL)
    wait_until(lambda: processes.find_process(first.pid) is None)
    stage.orders = stage.connect()
    assert stage.orders.wait_for(launch.Exited).worker == "w1"
    stage.orders.send(launch.List())
    assert stage.orders.wait_for(launch.Workers).workers == (second,)


def test_a_newer_broker_replaces_the_older(stage: Stage) -> None:
    older = stage.orders
    stage.orders = stage.connect()
    stage.fork()
    with pytest.raises(ConnectionError):
        older.read()
    older.close()


def test_a_broken_order_ends_the_connection_alone(stage: Stage) -> None:
    for bytes_ in (b"\xff" * 100, b"\0\0\0\1\0\0\0\0\xc1", b"GET / HTTP/1.1\r\n\r\n"):
        stage.orders._socket.sendall(bytes_)
        with pytest.raises(ConnectionError):
            stage.orders.read()
        stage.orders.close()
        stage.orders = stage.connect()
    stage.fork()


def test_a_second_zygote_is_refused(stage: Stage) -> None:
    second = subprocess.run(zygote(stage.zygote_socket), capture_output=True, text=True, check=False)
    assert second.returncode == 2
    assert f"another zygote (pid {stage.zygote.pid}) serves" in second.stderr
    stage.fork()


def test_quit_ends_it_and_everything(stage: Stage) -> None:
    forked = stage.fork()
    stage.broker.lease(stage.work)
    stage.orders.send(launch.Quit())
    with pytest.raises(ConnectionError):
        stage.orders.wait_for(launch.Workers)
    assert stage.zygote.wait(10) == 0
    assert processes.find_process(forked.pid) is None
    assert not stage.zygote_socket.exists()


def test_it_ends_when_nobody_needs_it_and_takes_over_a_stale_socket(tmp_path: Path) -> None:
    socket = tmp_path / "z.sock"
    with subprocess.Popen(zygote(socket)) as killed:
        OrderLine(socket).close()
        killed.kill()
    assert socket.exists()
    assert subprocess.run(zygote(socket, "--idle", "0.2"), timeout=20, check=False).returncode == 0
    assert not socket.exists()
