"""Real processes: found, named for ever, and ended as trees."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from claude_remote import processes
from claude_remote.processes import Process

SLEEP = [sys.executable, "-c", "print('up', flush=True); import time; time.sleep(60)"]
# A child in a session of its own, as claude's tool shells are, and its own child.
FAMILY = """
import subprocess, sys, time
inner = '''
import subprocess, time
subprocess.Popen(["sleep", "60"])
print("up", flush=True)
time.sleep(60)
'''
subprocess.Popen([sys.executable, "-c", inner], start_new_session=True).wait()
"""


@contextmanager
def running(command: list[str], **environment: str) -> Iterator[subprocess.Popen[str]]:
    env = {**os.environ, **environment}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "up\n"
        try:
            yield child
        finally:
            child.kill()


def the(pid: int) -> Process:
    found = processes.find_process(pid)
    assert found is not None
    return found


def test_a_process_is_a_pid_and_a_start_time() -> None:
    own = the(os.getpid())
    assert processes.is_alive(own)
    assert not processes.is_alive(own._replace(started=own.started - 1)), "somebody else had this pid before"
    assert os.getppid() in processes.ancestors(os.getpid())


def test_the_dead_are_dead_before_they_are_reaped() -> None:
    with running(SLEEP) as child:
        process = the(child.pid)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not processes.is_alive(process)
        assert not processes.send_signal(process, signal.SIGCONT)
    assert processes.find_process(child.pid) is None


def test_a_signal_never_reaches_another_process_of_the_same_pid() -> None:
    with running(SLEEP) as child:
        somebody_else = the(child.pid)._replace(started=1.0)
        assert not processes.send_signal(somebody_else, signal.SIGKILL)
        assert processes.kill_tree([somebody_else]) == []
        assert child.poll() is None


def test_a_tree_ends_with_what_has_sessions_of_its_own() -> None:
    with running([sys.executable, "-c", FAMILY]) as child:
        tree = [the(child.pid), *processes.below((child.pid,))]
        assert len(tree) == 3
        assert processes.kill_tree([tree[0]]) == []
        assert not any(processes.is_alive(process) for process in tree)


def test_a_marker_finds_what_has_lost_its_parent() -> None:
    marker = processes.lease_marker("5ta7e", f"session-{os.getpid()}", 3)
    with running([sys.executable, "-c", FAMILY], CLAUDE_REMOTE_LEASE=marker) as child:
        tree = [the(child.pid), *processes.below((child.pid,))]
        child.kill()
        child.wait()
        orphans = tree[1:]
        assert sorted(processes.find_lease(marker)) == sorted(orphans)
        assert set(processes.find_marked(f"5ta7e.session-{os.getpid()}.").values()) == {marker}
        assert processes.find_lease(marker[:-1]) == [], "a marker is not found by its beginning"
        assert processes.kill_tree([], marker) == []
        assert not any(processes.is_alive(process) for process in orphans)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_what_a_tool_started_as_somebody_else_is_left_alone() -> None:
    with running(SLEEP) as child:
        tree = [the(child.pid)]
        pid = os.fork()
        if pid == 0:
            os.setresuid(65534, 65534, 65534)
            os._exit(processes.kill_tree(tree) != [])
        assert os.waitpid(pid, 0)[1] == 0
        assert processes.is_alive(tree[0])
