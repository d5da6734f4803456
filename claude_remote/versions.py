"""Versions of the server that `update` has put beside the one that was installed, and which of them is used.

Each is a virtual environment of its own below the state folder, so that what runs keeps its files. A new one
is *staged*; the server that is asked to restart sees whether it would start, *promotes* it and becomes it. It
is on trial until it listens: what starts the server meanwhile (systemd, after a crash) leaves it alone.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

import msgspec

from claude_remote import files

_COMPLETE = "complete"


class Choice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A version and its folder. `launcher`: the claude-remote-server that was installed, which finds it.

    `before`: what was used until it came; None: what was installed."""

    version: str
    folder: str
    launcher: str = ""
    trial: bool = False
    before: Choice | None = None

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return Path(self.folder) / "bin" / "python"

    @property
    def program(self) -> Path:
        """Its claude-remote-server."""
        return Path(self.folder) / "bin" / "claude-remote-server"


class Versions:
    """Those in one folder, `Paths.versions`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._chosen = folder / "chosen.json"
        self._staged = folder / "staged.json"

    @property
    def chosen(self) -> Choice | None:
        """What starts use if it is newer than themselves."""
        return _read(self._chosen)

    @property
    def staged(self) -> Choice | None:
        """What the next restart shall try."""
        return _read(self._staged)

    def stage(self, choice: Choice) -> None:
        """Let the next restart try it. Raises OSError."""
        files.replace(self._staged, msgspec.json.encode(choice))

    def drop(self) -> None:
        """Nothing is staged any more."""
        self._staged.unlink(missing_ok=True)

    def promote(self, choice: Choice) -> None:
        """It is used from here on, on trial. Raises OSError."""
        before = self.chosen
        if before is not None:
            # One step back is enough.
            before = before.before if before.trial else msgspec.structs.replace(before, before=None)
        on_trial = msgspec.structs.replace(choice, trial=True, before=before)
        files.replace(self._chosen, msgspec.json.encode(on_trial))
        self.drop()

    def settle(self, prefix: str) -> str:
        """A server of the environment `prefix` listens. The version that did not, if there was one."""
        chosen = self.chosen
        if chosen is None or not chosen.trial:
            return ""
        if Path(chosen.folder) == Path(prefix):
            kept = msgspec.structs.replace(chosen, trial=False)
            files.replace(self._chosen, msgspec.json.encode(kept))
            return ""
        if chosen.before is None:
            self._chosen.unlink(missing_ok=True)
        else:
            files.replace(self._chosen, msgspec.json.encode(chosen.before))
        return chosen.version

    def find(self, version: str) -> Choice | None:
        """What a start by an environment of this version is to become; None: it goes on itself."""
        chosen = self.chosen
        if chosen is not None and chosen.trial:
            chosen = chosen.before
        if chosen is None or not is_newer(chosen.version, version):
            return None
        return chosen if chosen.program.exists() and self.is_complete(Path(chosen.folder)) else None

    def launcher(self, prefix: str) -> Path | None:
        """What was installed, and starts the server for good, if the environment `prefix` is one of these."""
        chosen = self.chosen
        while chosen is not None:
            launcher = Path(chosen.launcher)
            if Path(chosen.folder) == Path(prefix) and os.access(launcher, os.X_OK) and launcher.is_file():
                return launcher
            chosen = chosen.before
        return None

    def completed(self, folder: Path) -> None:
        """All of it is there."""
        (folder / _COMPLETE).touch()

    def is_complete(self, folder: Path) -> bool:
        """Whether all of it is there."""
        return (folder / _COMPLETE).exists()

    def claudes(self) -> list[tuple[str, Path]]:
        """Versions of claude-agent-sdk that are there whole, the newest first, each with its claude."""
        found = [
            (path.name.removeprefix("claude-"), path / "claude_agent_sdk" / "_bundled" / "claude")
            for path in self.folder.glob("claude-*")
            if self.is_complete(path)
        ]
        return sorted(found, key=lambda each: _key(each[0]), reverse=True)


def is_newer(version: str, than: str) -> bool:
    """By their numbers; of two with the same, the one that is no pre-release."""
    return _key(version) > _key(than)


def _key(version: str) -> tuple[tuple[int, ...], bool, str]:
    release, rest = re.fullmatch(r"([0-9.]*)(.*)", version, re.DOTALL).groups()  # type: ignore[union-attr]
    numbers = [int(number) for number in release.split(".") if number]
    while numbers and not numbers[-1]:
        numbers.pop()
    early = re.match(r"[-_.]?(a|b|c|rc|dev|alpha|beta|pre)", rest) is not None
    return tuple(numbers), not early, rest


def _read(path: Path) -> Choice | None:
    with suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode(path.read_bytes(), type=Choice)
    return None
