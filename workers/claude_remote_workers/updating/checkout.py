"""An editable installation: its code is a git repository, which follows a branch of another one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from claude_remote.errors import UpdateFailed
from claude_remote_workers.updating.running import Runner

_VERSION_FILE = "claude_remote/version.py"


class State(NamedTuple):
    """`current` and `newest` in words: version and commit. `behind`: by how many commits."""

    commit: str
    current: str
    newest: str
    newest_version: str
    behind: int


class Checkout:
    """The repository at `folder`."""

    def __init__(self, runner: Runner, folder: Path) -> None:
        self._runner = runner
        self._folder = str(folder)

    def fetch(self) -> State:
        """What is there and what could be. Raises UpdateFailed."""
        self._git("fetch", "--quiet")
        commit, upstream = self._git("rev-parse", "HEAD"), self._git("rev-parse", "@{upstream}")
        behind = int(self._git("rev-list", "--count", "HEAD..@{upstream}"))
        newest = self._version(upstream)
        return State(
            commit=commit,
            current=f"{self._version(commit)} ({commit[:10]})",
            newest=f"{newest} ({upstream[:10]})",
            newest_version=newest,
            behind=behind,
        )

    def pull(self) -> None:
        """Raises UpdateFailed, also when there are commits here that are not there."""
        self._runner.run("git pull", ["git", "pull", "--ff-only"], folder=self._folder)

    def go_back(self, state: State) -> None:
        """To the commit that was there; what was changed by hand stays as it is."""
        self._git("reset", "--keep", state.commit)

    def _version(self, commit: str) -> str:
        found = re.search(r'VERSION = "([^"]{1,40})"', self._git("show", f"{commit}:{_VERSION_FILE}"))
        if found is None:
            raise UpdateFailed(f"{_VERSION_FILE} of {commit[:10]} names no version")
        return found[1]

    def _git(self, *words: str) -> str:
        return self._runner.ask(
            f"git {words[0]} in {self._folder}", ["git", *words], folder=self._folder
        ).strip()
