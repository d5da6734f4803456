"""Sessions in a git worktree of their own."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.lab import Client, Lab
from tests.fakes.messages_api import bash, text

pytestmark = pytest.mark.e2e


@pytest.fixture
def repository(lab: Lab, words: str) -> Path:
    """A repository with one commit, below the folder of the sessions."""
    folder = lab.work / words.replace(" ", "-")
    folder.mkdir()
    (folder / "below").mkdir()
    (folder / "below" / "README").write_text("Hello.\n")
    git(lab, folder, "init", "-q", "-b", "main")
    git(lab, folder, "add", ".")
    git(lab, folder, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "first")
    return folder


def git(lab: Lab, folder: Path, *argv: str) -> str:
    return subprocess.run(
        ["git", *argv], cwd=folder, env=lab.server_environment, capture_output=True, text=True, check=True
    ).stdout


def sessions(client: Client) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in json.loads(client.run("sessions", "--json").out)}


def test_a_worktree_of_a_given_name(lab: Lab, alice: Client, words: str, repository: Path) -> None:
    first, second = (bash("pwd; git branch --show-current") for _ in range(2))
    lab.api.on(words, first, text("Done."), second, text("Again."), text("Copied."))
    name = f"{repository.name}-w"
    ran = alice.run("-C", repository.name, "-w", "feat", "-n", name, "--allowedTools=Bash", "-p", words)
    assert (ran.code, ran.out) == (0, "Done.\n"), ran
    worktree = repository / ".claude" / "worktrees" / "feat"
    assert f"{worktree}\nworktree-feat" in lab.api.calls[-1].words
    assert sessions(alice)[name]["cwd"] == os.fspath(worktree)
    # It is resumed there, also by a new claude.
    assert alice.run("stop", name).code == 0
    assert alice.run("-r", name, "-p", "again").out == "Again.\n"
    assert f"{worktree}\nworktree-feat" in lab.api.calls[-1].words
    # And so is a copy of it.
    assert alice.run("-r", name, "--fork-session", "-n", f"{name}-copy", "-p", "copy").out == "Copied.\n"
    assert sessions(alice)[f"{name}-copy"]["cwd"] == os.fspath(worktree)


def test_names_are_found_and_do_not_clash(lab: Lab, alice: Client, words: str, repository: Path) -> None:
    lab.api.on(words, text("One."), text("Two."))
    below = f"{repository.name}/below"
    assert alice.run("-C", below, "-n", f"{words}.a", "-w", "-p", words).code == 0
    assert alice.run("-C", below, "-n", f"{words}.A", "-w", "-p", words).code == 2  # the session's name
    (one,) = [each for each in sessions(alice).values() if each["name"] == f"{words}.a"]
    folder = Path(one["cwd"])
    assert folder.parent == repository / ".claude" / "worktrees"
    assert folder.is_dir()
    ran = alice.run("-C", below, "-w", folder.name, "-p", words)
    assert ran.code == 2
    assert f"There is a worktree {folder.name} already" in ran.err
    # From within a worktree another one of the same repository is made.
    assert alice.run("-C", os.fspath(folder), "-n", f"{words}.b", "-w", "-p", words).code == 0
    other = Path(sessions(alice)[f"{words}.b"]["cwd"])
    assert other.parent == folder.parent
    assert other != folder


def test_a_fork_gets_a_worktree_of_its_own(lab: Lab, alice: Client, words: str, repository: Path) -> None:
    lab.api.on(words, text("Here."), text("There."))
    assert alice.run("-C", repository.name, "-n", words, "-p", words).code == 0
    ran = alice.run("-r", words, "-w", "apart", "-p", "no")
    assert ran.code == 2
    assert "--fork-session" in ran.err
    ran = alice.run("-r", words, "--fork-session", "-n", f"{words}-2", "-w", "apart", "-p", "go")
    assert ran.out == "There.\n", ran
    found = sessions(alice)
    assert found[f"{words}-2"]["cwd"] == os.fspath(repository / ".claude" / "worktrees" / "apart")
    assert found[words]["cwd"] == os.fspath(repository)


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["-w", "../evil"], "letters, digits"),
        (["-w", ".."], "letters, digits"),
        (["-w", "a", "-C", "."], "in no git repository"),
    ],
)
def test_what_cannot_be(lab: Lab, alice: Client, repository: Path, argv: list[str], told: str) -> None:
    ran = alice.run("-C", repository.name, *argv, "-p", "x")
    assert ran.code == 2, ran
    assert told in ran.err
    assert not (repository / ".claude").exists()


def test_an_empty_repository(lab: Lab, alice: Client, words: str) -> None:
    folder = lab.work / f"{words}-empty"
    folder.mkdir()
    git(lab, folder, "init", "-q")
    ran = alice.run("-C", folder.name, "-w", "x", "-p", words)
    assert ran.code == 1, ran
    assert "Failed to resolve base branch" in ran.err


def test_who_may_not_write_without_asking(lab: Lab, words: str, repository: Path) -> None:
    asker = lab.approved(f"asker-{words[-4:]}", rights="view,prompt")
    ran = asker.run("-C", repository.name, "-w", "-p", words)
    assert ran.code == 4
    assert "--worktree needs the right `approve`" in ran.err
