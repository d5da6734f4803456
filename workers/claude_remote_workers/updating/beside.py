"""A newer version in an environment of its own, beside the one that runs."""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import msgspec

from claude_remote import files, processes
from claude_remote.errors import UpdateFailed
from claude_remote.versions import Choice, Versions
from claude_remote_workers.updating.running import Runner

_TOOLS = "tools"  # an environment with a pip, where the running one has none (uv tool, pipx)


class _Metadata(msgspec.Struct):
    version: str


class _Install(msgspec.Struct):
    metadata: _Metadata


class _Report(msgspec.Struct):
    """`pip install --report`: https://pip.pypa.io/en/stable/reference/installation-report/."""

    install: list[_Install]


class Beside:
    """`runner` runs what is needed; `versions` are the server's."""

    def __init__(self, runner: Runner, versions: Versions) -> None:
        self._runner = runner
        self._versions = versions

    def find_newest(self, distribution: str) -> str:
        """The newest version that pip would install here, by its own configuration. Raises UpdateFailed."""
        told = self._runner.ask(
            f"looking for the newest {distribution}",
            [
                *self._pip(),
                "install",
                *("--quiet", "--dry-run", "--ignore-installed", "--no-deps", "--report", "-"),
                distribution,
            ],
        )
        try:
            found = msgspec.json.decode(told, type=_Report).install
        except msgspec.DecodeError as error:
            raise UpdateFailed(f"pip's report cannot be read: {error}") from None
        if not found:
            raise UpdateFailed(f"pip finds no {distribution}")
        return found[0].metadata.version

    def install(self, requirement: str, version: str) -> Choice:
        """A new environment with it, made by the Python that runs here. Raises UpdateFailed."""
        self.tidy()
        folder = self._new_folder(version)
        self._runner.say(f"making an environment in {folder}")
        self._runner.run("making an environment", [sys.executable, "-I", "-m", "venv", str(folder)])
        python = folder / "bin" / "python"
        self._runner.run(
            "installing",
            [str(python), "-I", "-m", "pip", "install", "--progress-bar", "off", f"{requirement}=={version}"],
        )
        launcher = self._versions.launcher(sys.prefix) or Path(sys.executable).parent / "claude-remote-server"
        choice = Choice(version=version, folder=str(folder), launcher=str(launcher))
        told = self._runner.ask(
            f"looking at version {version}",
            [str(python), "-c", "from claude_remote.version import VERSION; print(VERSION)"],
        ).strip()
        if told != version or not choice.program.exists():
            raise UpdateFailed(f"what was installed as {version} says that it is {told or 'nothing'}")
        self._versions.completed(folder)
        return choice

    def install_claude(self, distribution: str, version: str) -> str:
        """Only that distribution, for the claude in it; what that says of itself. Raises UpdateFailed."""
        self.tidy()
        folder = self._new_folder(f"claude-{version}")
        self._runner.run(
            "installing",
            [
                *self._pip(),
                *("install", "--progress-bar", "off", "--no-deps", "--target", str(folder)),
                f"{distribution}=={version}",
            ],
        )
        program = folder / "claude_agent_sdk" / "_bundled" / "claude"
        if not program.exists():
            raise UpdateFailed(f"{distribution} {version} brings no claude for this machine")
        try:
            told = self._runner.claude_version(str(program))
        except UpdateFailed as error:
            self.remove(folder.name)
            raise UpdateFailed(
                f"the claude of {distribution} {version} does not start here, so the one before stays:"
                f" {error.message}"
            ) from None
        self._versions.completed(folder)
        return told

    def remove(self, name: str) -> None:
        """It is not wanted after all."""
        shutil.rmtree(self._versions.folder / name, ignore_errors=True)

    def tidy(self) -> None:
        """Remove every version that is neither chosen nor used by a process."""
        chosen = self._versions.chosen
        kept = {sys.prefix}
        while chosen is not None:
            kept.add(chosen.folder)
            chosen = chosen.before
        kept |= {str(path.parents[2]) for _, path in self._versions.claudes()[:1]}
        words = _command_lines()
        for folder in self._versions.folder.iterdir() if self._versions.folder.is_dir() else ():
            used = str(folder) in kept or any(f"{folder}/".encode() in word for word in words)
            if folder.is_dir() and folder.name != _TOOLS and not used:
                shutil.rmtree(folder, ignore_errors=True)

    def _new_folder(self, name: str) -> Path:
        folder = files.make_private_folder(self._versions.folder) / name
        if folder.exists():
            self.remove(name)
        if folder.exists():
            raise UpdateFailed(f"{folder} is in the way")
        return folder

    def _pip(self) -> list[str]:
        python = Path(sys.executable)
        if find_spec("pip") is None:
            folder = files.make_private_folder(self._versions.folder) / _TOOLS
            python = folder / "bin" / "python"
            if not self._versions.is_complete(folder):
                self._runner.say(f"pip is missing in {sys.prefix}; making an environment with one")
                self._runner.run(
                    "making an environment", [sys.executable, "-I", "-m", "venv", "--clear", str(folder)]
                )
                self._versions.completed(folder)
        return [str(python), "-I", "-m", "pip"]


def _command_lines() -> list[bytes]:
    found: list[bytes] = []
    for pid in processes.snapshot():
        try:
            found.append(Path(f"/proc/{pid}/cmdline").read_bytes())
        except OSError:  # it has ended, or is none of ours
            continue
    return found
