"""Update: the newest version beside the running one, and the restart into it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from claude_remote import files
from claude_remote.errors import UpdateFailed
from claude_remote.messages import Plan, Restarts, Update
from claude_remote.paths import find_paths
from claude_remote.versions import Versions, is_newer
from claude_remote_workers.errands.base import Task, carries_out
from claude_remote_workers.updating.beside import Beside
from claude_remote_workers.updating.checkout import Checkout
from claude_remote_workers.updating.claude import find_way
from claude_remote_workers.updating.installation import Installation, find_installation
from claude_remote_workers.updating.running import Runner

_TOLD = 64  # letters of a version


class _Holder(msgspec.Struct):
    pid: int


@carries_out(Update)
def update(task: Task, request: Update) -> None:
    """Say what there is; unless that is all, install it and restart the server into it."""
    updating = Updating(task)
    if request.check:
        updating.begin(request)
        return
    with updating.alone():
        updating.begin(request)


class Updating:
    """One update."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._runner = Runner(task)
        self._paths = find_paths(dict(task.environment))
        self._versions = Versions(self._paths.versions)
        self._beside = Beside(self._runner, self._versions)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One at a time. Raises UpdateFailed."""
        path = files.make_private_folder(self._versions.folder) / "lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if not files.try_lock(descriptor):
                raise UpdateFailed("Another update is under way.")
            yield
        finally:
            os.close(descriptor)

    def begin(self, request: Update) -> None:
        """Of the server, or of its claude. Raises UpdateFailed."""
        if request.claude:
            self.claude(only_check=request.check)
        else:
            self.server(only_check=request.check)

    def server(self, *, only_check: bool) -> None:
        """The server's own distribution."""
        found = find_installation(versions=self._versions.folder)
        if found.checkout is not None:
            self._pull(found.checkout, only_check=only_check)
            return
        newest = self._beside.find_newest(found.requirement)
        how = f"installed by {found.way}; a newer one goes into {self._versions.folder / newest}"
        if self._plan("claude-remote-bus", found.version, newest, how) and not only_check:
            self._stage(found, newest)

    def claude(self, *, only_check: bool) -> None:
        """The claude that the server runs."""
        program = Path(self._task.claude)
        way = find_way(program, self._runner, self._versions, self._beside, is_named=self._is_named)
        newest = way.find_newest()
        if not self._plan(way.what, way.current, newest, way.how(newest)) or only_check:
            return
        said = way.update(newest)
        if said is None:
            return
        self._runner.say(f"claude is {said} now")
        try:
            self._restart("")
        except UpdateFailed:
            way.take_back()
            raise

    def _is_named(self) -> bool:
        """Whether the server was told which claude to run, and would not look for another one."""
        if self._task.environment.get("CLAUDE_REMOTE_CLAUDE"):
            return True
        try:
            holder = msgspec.json.decode(self._paths.lock.read_bytes(), type=_Holder)
            words = Path(f"/proc/{holder.pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, msgspec.DecodeError):
            return False  # it is about to end
        return any(word == b"--claude" or word.startswith(b"--claude=") for word in words)

    def _pull(self, folder: Path, *, only_check: bool) -> None:
        checkout = Checkout(self._runner, folder)
        state = checkout.fetch()
        how = f"an editable installation: git pull --ff-only in {folder}"
        if not self._plan_checkout(state.current, state.newest, how, newer=state.behind > 0) or only_check:
            return
        checkout.pull()
        try:
            self._restart(state.newest_version)
        except UpdateFailed:
            checkout.go_back(state)
            raise

    def _stage(self, found: Installation, newest: str) -> None:
        choice = self._beside.install(found.requirement, newest)
        self._versions.stage(choice)
        try:
            self._restart(newest)
        except UpdateFailed:
            self._versions.drop()
            chosen = self._versions.chosen
            if chosen is None or chosen.version != newest:
                self._beside.remove(newest)
            raise

    def _plan(self, what: str, current: str, newest: str, how: str) -> bool:
        newer = not newest or is_newer(newest, current)  # of what only the update itself finds out, it may be
        plan = Plan(what=what, current=current[:_TOLD], newest=newest[:_TOLD], newer=newer, how=how[:1024])
        self._task.channel.send(plan)
        return newer

    def _plan_checkout(self, current: str, newest: str, how: str, *, newer: bool) -> bool:
        plan = Plan(
            what="claude-remote-bus",
            current=current[:_TOLD],
            newest=newest[:_TOLD],
            newer=newer,
            how=how[:1024],
        )
        self._task.channel.send(plan)
        return newer

    def _restart(self, version: str) -> None:
        """Does not return when it succeeds: this errand ends with its broker. Raises UpdateFailed."""
        self._task.channel.send(Restarts(version=version[:_TOLD]))
        done, words = self._runner.succeeds([sys.executable, "-m", "claude_remote_broker", "restart"])
        if not done:
            raise UpdateFailed(words.removeprefix("claude-remote-server: ") or "the server does not restart")
        while True:  # until the next life of the broker, or the line to it that is gone, ends this
            self._task.channel.turn(1.0)
