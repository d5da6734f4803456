"""Programs that an update runs, as they end, fail, or do not end at all."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, cast

import pytest

from claude_remote.errors import UpdateFailed
from claude_remote.messages import Progress
from claude_remote_workers.errands.base import Task
from claude_remote_workers.updating import running
from claude_remote_workers.updating.running import Runner


class Channel:
    """What a Runner asks of an errand's channel, without a broker behind it."""

    def __init__(self) -> None:
        self.shown = b""
        self.children: dict[int, int | None] = {}

    def send(self, word: object, payload: bytes = b"") -> None:
        assert isinstance(word, Progress)
        self.shown += payload

    def watch_child(self, pid: int) -> None:
        self.children[pid] = None

    def child_status(self, pid: int) -> int | None:
        if self.children[pid] is None:
            ended, status = os.waitpid(pid, os.WNOHANG)
            self.children[pid] = status if ended else None
        return self.children[pid]

    def turn(self, timeout: float, reading: Iterable[int] = ()) -> set[int]:
        return set(select.select(list(reading), [], [], min(timeout, 0.01))[0])


@pytest.fixture
def channel() -> Iterator[Channel]:
    channel = Channel()
    yield channel
    for pid, status in channel.children.items():
        if status is None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


@pytest.fixture
def runner(channel: Channel) -> Runner:
    return Runner(
        Task(
            channel=cast("Any", channel),
            payload=b"",
            client="tester",
            roots=(),
            private=(),
            cwd="",
            environment=dict(os.environ),
            marker="a.b.1",
        )
    )


def script(words: str) -> list[str]:
    return ["sh", "-c", words]


def test_what_it_writes_is_shown(runner: Runner, channel: Channel) -> None:
    runner.run("the update", script("echo checking; echo done >&2"))
    assert channel.shown == b"checking\ndone\n"


def test_why_it_failed_is_told_by_its_last_words(runner: Runner) -> None:
    with pytest.raises(UpdateFailed) as caught:
        runner.run("the update", script("echo 1; echo 2; echo; echo 3 >&2; echo 4; exit 5"))
    assert caught.value.message == "the update failed: 2; 3; 4"
    with pytest.raises(UpdateFailed, match="the update failed: exit code 5"):
        runner.run("the update", script("exit 5"))
    with pytest.raises(UpdateFailed, match="exit code -9"):
        runner.run("the update", script("kill -9 $$"))
    with pytest.raises(UpdateFailed, match="cannot run /no/such/program: No such file"):
        runner.run("the update", ["/no/such/program"])


def test_what_is_asked_is_read_and_not_shown(runner: Runner, channel: Channel) -> None:
    assert runner.ask("asking", script("echo 2.1.332; echo a warning >&2")) == "2.1.332\n"
    with pytest.raises(UpdateFailed, match="asking failed: no idea"):
        runner.ask("asking", script("echo 2.1.332; echo no idea >&2; exit 1"))
    assert channel.shown == b""


@pytest.mark.parametrize("said", ["sleep 8124", "while :; do echo still checking; sleep 0.01; done"])
def test_one_that_does_not_end_is_given_up(
    runner: Runner, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    """Whether it is silent or not. The errand, which ends then, takes it along."""
    monkeypatch.setattr(running, "_WITHIN", 0.2)
    with pytest.raises(UpdateFailed, match="sh did not end within"):
        runner.run("the update", script(said))
