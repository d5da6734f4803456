"""A claude that `npm install --global` has put there.

Not left to `claude update`, which installs into npm's default folder even where the claude that it updates is
in another one, and says that it has been updated (seen on 2.1.197 and 2.1.330). Nor to npm alone, which takes
the old one away some seconds before the new one is there: npm puts the new one beside it, and when that has
been seen to start, the two change places.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from claude_remote import files
from claude_remote.errors import UpdateFailed
from claude_remote_workers.updating.running import Runner, last_words

PACKAGE = "@anthropic-ai/claude-code"
_BESIDE = ".claude-remote-"  # npm takes no folder with a dot for a package
_PROGRAM = "claude"
_ERROR = re.compile(r"npm (?:error|ERR!)(?: (?:notarget|404|nospc))?(.*)")
_NOISE = re.compile(r"(code|errno|syscall|path|dest|at|A complete log)\b|[}{]|$")  # tells not what is wrong


class Global(NamedTuple):
    """Where it is: `prefix/bin/claude` leads into `prefix/lib/node_modules`."""

    prefix: Path

    @property
    def modules(self) -> Path:
        """The folder of all packages."""
        return self.prefix / "lib" / "node_modules"

    @property
    def package(self) -> Path:
        """That of claude's own."""
        return self.modules / PACKAGE

    @property
    def program(self) -> Path:
        """What is run."""
        return self.prefix / "bin" / _PROGRAM


def find_global(program: Path) -> Global | None:
    """Where npm has installed this claude; None if it does not belong to a package of npm's.

    Raises UpdateFailed if it does, but is a part of something else: a project, or another package manager's.
    """
    parts = program.resolve().parts
    if "node_modules" not in parts:
        return None
    modules = Path(*parts[: len(parts) - parts[::-1].index("node_modules")])
    found = Global(modules.parent.parent)
    if found.modules == modules and "node_modules" not in found.prefix.parts and found.package.is_dir():
        return found
    root = Path(*parts[: parts.index("node_modules")])
    raise UpdateFailed(
        f"the server runs {program}, which belongs to {root} and not to an npm install --global;"
        " update it there, with what has installed it"
    )


class Npm:
    """For the claude at `program`, which npm has installed in `where`. Raises UpdateFailed without an npm.

    The npm is the one of that prefix, else the one on PATH.
    """

    def __init__(self, runner: Runner, program: Path, where: Global) -> None:
        self._runner = runner
        self._program = program
        self._where = where
        folders = f"{where.prefix / 'bin'}{os.pathsep}{runner.environment.get('PATH', os.defpath)}"
        found = shutil.which("npm", path=folders)
        if found is None:
            raise UpdateFailed(
                f"npm has installed claude in {where.prefix}, but there is no npm on the server's PATH"
            )
        self._npm = found
        runner.environment["PATH"] = folders  # npm is a script for the node beside it

    @property
    def current(self) -> str:
        """The version that is there. Raises UpdateFailed."""
        path = self._where.package / "package.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=_Manifest).version
        except (OSError, msgspec.DecodeError) as error:
            raise UpdateFailed(f"cannot read {path}: {error}") from None

    def find_newest(self) -> str:
        """By npm's own configuration, and claude's for the channel. Raises UpdateFailed."""
        wanted = f"{PACKAGE}@{channel(self._runner.environment)}"
        told = self._runner.ask(
            f"npm view {wanted}", [self._npm, "view", wanted, "version", "--json"], reason=npm_words
        )
        try:
            return msgspec.json.decode(told, type=str)
        except msgspec.DecodeError:
            raise UpdateFailed(f"npm's answer cannot be read: {told[:200]}") from None

    @property
    def obstacle(self) -> str:
        """Why the server's user cannot change it; empty if he can."""
        for folder in (self._where.modules, self._where.package.parent, self._where.program.parent):
            if not os.access(folder, os.W_OK | os.X_OK):
                command = ["npm", "install", "--global", "--prefix", str(self._where.prefix), PACKAGE]
                return (
                    f"the server's user may not write to {folder}; who may does it by {shlex.join(command)}"
                )
        return ""

    def install(self, version: str) -> str:
        """Let it take the old one's place; what it says of itself.

        Raises UpdateFailed, and then the old one is in its place.
        """
        if self.obstacle:
            raise UpdateFailed(self.obstacle)
        for left in self._where.modules.glob(f"{_BESIDE}*"):  # by one that was killed
            shutil.rmtree(left, ignore_errors=True)
        beside: Global | None = None
        try:
            beside = Global(Path(tempfile.mkdtemp(prefix=_BESIDE, dir=self._where.modules)))
            self._put_beside(beside, version)
            return self._exchange(beside)
        except OSError as error:
            raise UpdateFailed(f"{error.filename}: {error.strerror}") from None
        finally:
            if beside is not None:
                shutil.rmtree(beside.prefix, ignore_errors=True)

    def _put_beside(self, beside: Global, version: str) -> None:
        self._runner.say(f"npm puts claude {version} beside the one that is there")
        self._runner.run(
            "npm install",
            [
                *(self._npm, "install", "--global", "--prefix", str(beside.prefix)),
                *("--no-audit", "--no-fund", "--no-update-notifier", "--loglevel", "http"),
                # Its script places the program; an npm that ignores all scripts ignores it all the same.
                f"--allow-scripts={PACKAGE}",
                f"{PACKAGE}@{version}",
            ],
            reason=npm_words,
        )
        try:
            told = self._runner.claude_version(str(beside.program))
        except UpdateFailed as error:
            raise UpdateFailed(
                f"claude {version} does not start here, so {self.current} stays: {error.message}"
            ) from None
        if told.split()[0] != version:
            raise UpdateFailed(
                f"what npm has installed as {version} says that it is {told}, so {self.current} stays"
            )

    def _exchange(self, beside: Global) -> str:
        """The package, and the link to its program, which another version may have elsewhere."""
        kept, link = beside.prefix / "before", self._where.program
        before = link.readlink() if link.is_symlink() else None
        self._where.package.rename(kept)
        try:
            beside.package.rename(self._where.package)
            if before is not None:
                files.replace_link(link, beside.program.readlink())
            return self._runner.claude_version(str(self._program))
        except BaseException as error:
            if self._where.package.exists():
                self._where.package.rename(beside.prefix / "after")
            kept.rename(self._where.package)
            if before is not None:
                files.replace_link(link, before)
            if not isinstance(error, UpdateFailed):
                raise
            told = self._runner.claude_version(str(self._program))
            raise UpdateFailed(
                f"the new claude does not start in its place, so {told} is there again: {error.message}"
            ) from None


class _Manifest(msgspec.Struct):
    """Of a package.json."""

    version: str


class _Settings(msgspec.Struct):
    """Of claude's settings.json."""

    channel: str = msgspec.field(default="latest", name="autoUpdatesChannel")


def channel(environment: Mapping[str, str]) -> str:
    """The tag of the versions that claude's settings want."""
    folder = environment.get("CLAUDE_CONFIG_DIR") or os.path.join(environment.get("HOME", "/"), ".claude")  # noqa: PTH118
    try:
        told = msgspec.json.decode(Path(folder, "settings.json").read_bytes(), type=_Settings)
    except (OSError, msgspec.DecodeError):  # claude itself says what is wrong with it
        return "latest"
    return "stable" if told.channel == "stable" else "latest"


def npm_words(told: bytes) -> str:
    """What of all that npm writes when it fails tells why."""
    for line in told.decode(errors="replace").splitlines():
        found = _ERROR.fullmatch(line)
        if found is not None and not _NOISE.match(words := found[1].strip()):
            return words[:1000]
    return last_words(told)
