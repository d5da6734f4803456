"""The ways in which a claude came to this machine, and how each is brought to its newest version."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from claude_remote import files
from claude_remote.errors import UpdateFailed
from claude_remote.versions import Versions
from claude_remote_workers.updating.beside import Beside
from claude_remote_workers.updating.npm import PACKAGE, Npm, find_global
from claude_remote_workers.updating.running import Runner

_SDK = "claude-agent-sdk"
# Of `claude update`, seen on 2.1.197 to 2.1.332.
_SUCCESS = re.compile(r"Successfully updated from \S+ to version (\S+)")


class Way(Protocol):
    """`what` is brought from version `current` to a newer one. Each method raises UpdateFailed."""

    what: str
    current: str

    def find_newest(self) -> str:
        """The newest version; empty if only the update itself finds out."""

    def how(self, newest: str) -> str:
        """What will be done, in words."""

    def update(self, newest: str) -> str | None:
        """What the new one, seen to start, says of itself; None if there was none.

        When it fails the old one is still there.
        """

    def take_back(self) -> None:
        """The server does not restart with it."""


def find_way(
    program: Path, runner: Runner, versions: Versions, beside: Beside, *, is_named: Callable[[], bool]
) -> Way:
    """That of the claude at `program`. `is_named`: whether the server was told to run this one.

    Raises UpdateFailed when there is none.
    """
    own = {path: version for version, path in versions.claudes()}
    if program in own:
        return Wheel(own[program], runner, versions, beside)
    if program.resolve().parent.name == "_bundled":
        if program.parent.name != "_bundled" or is_named() or find_spec("claude_agent_sdk") is None:
            raise UpdateFailed(
                f"the server runs {program}, which was named to it; update it where it came from"
            )
        return Wheel(metadata.version(_SDK), runner, versions, beside)
    where = find_global(program)
    if where is not None:
        return ByNpm(Npm(runner, program, where), str(where.prefix))
    return Itself(program, runner)


class Wheel:
    """That of claude-agent-sdk: another one is installed beside it, and the server takes the newest."""

    what = _SDK

    def __init__(self, current: str, runner: Runner, versions: Versions, beside: Beside) -> None:
        self.current = current
        self._runner = runner
        self._versions = versions
        self._beside = beside
        self._installed = ""

    def find_newest(self) -> str:
        return self._beside.find_newest(_SDK)

    def how(self, newest: str) -> str:
        return f"the claude of {_SDK}; a newer one goes into {self._versions.folder / f'claude-{newest}'}"

    def update(self, newest: str) -> str:
        self._installed = newest
        return self._beside.install_claude(_SDK, newest)

    def take_back(self) -> None:
        self._beside.remove(f"claude-{self._installed}")


class ByNpm:
    """What `npm install --global` has put there."""

    what = "claude"

    def __init__(self, npm: Npm, prefix: str) -> None:
        self.current = npm.current
        self._npm = npm
        self._prefix = prefix

    def find_newest(self) -> str:
        return self._npm.find_newest()

    def how(self, newest: str) -> str:
        words = f"installed by npm in {self._prefix}"
        if self._npm.obstacle:
            return f"{words}; {self._npm.obstacle}"
        return f"{words}; {PACKAGE}@{newest} takes its place once it has been seen to start"

    def update(self, newest: str) -> str:
        return self._npm.install(newest)

    def take_back(self) -> None:
        """It starts, so it stays: sessions that begin run it also without a restart of the server."""


class Itself:
    """One that updates itself, as native installations do: `bin/claude` leads to the program of a version."""

    what = "claude"

    def __init__(self, program: Path, runner: Runner) -> None:
        self.current = runner.claude_version(str(program))
        self._program = program
        self._runner = runner

    def find_newest(self) -> str:
        return ""

    def how(self, newest: str) -> str:  # noqa: ARG002  nobody knows it yet
        return f"{self._program} updates itself: claude update"

    def update(self, newest: str) -> str | None:  # noqa: ARG002
        before = self._program.readlink() if self._program.is_symlink() else None
        told = self._runner.run("claude update", [str(self._program), "update"])
        try:
            now = self._runner.claude_version(str(self._program))
        except UpdateFailed as error:
            raise UpdateFailed(
                f"the new claude does not start, {self._go_back(before)}: {error.message}"
            ) from None
        if now != self.current:
            return now
        success = _SUCCESS.search(told)
        if success is not None and success[1] != now.split()[0]:
            raise UpdateFailed(
                f"claude update says that it has come to {success[1]}, but {self._program} still is {now}:"
                " it has updated another installation. Name that one to the server (--claude PATH), or update"
                " this one in the way it came there"
            )
        self._runner.say(f"claude is {now}, as before")
        return None

    def _go_back(self, before: Path | None) -> str:
        """To the program that the link led to, if it is still there; what became of it, in words."""
        try:
            if before is not None and self._program.readlink() != before:
                files.replace_link(self._program, before)
            told = self._runner.claude_version(str(self._program))
        except (OSError, UpdateFailed):
            return "and the one before is gone"
        return f"so {told} is used again"

    def take_back(self) -> None:
        """It starts, so it stays."""
