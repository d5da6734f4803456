"""Whether a claude that waits knows what one would that starts now."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from claude_remote_broker.stamps import stamp


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    home = tmp_path / "home"
    (home / ".claude").mkdir(parents=True)
    return {"HOME": str(home), "PATH": os.environ["PATH"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "above" / "project"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "claude-1").write_text("one")
    (tmp_path / "claude").symlink_to("claude-1")
    return tmp_path / "claude"


def git(folder: Path, environment: dict[str, str], *words: str) -> None:
    who = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    subprocess.run(["git", *words], cwd=folder, env=environment | who, check=True, capture_output=True)


def test_nothing_has_changed(folder: Path, environment: dict[str, str], program: Path) -> None:
    before = stamp(folder, environment, program)
    assert before
    (folder / "file.py").write_text("what claude does not read at its start")
    assert stamp(folder, environment, program) == before


@pytest.mark.parametrize(
    "name",
    [
        "above/project/CLAUDE.md",
        "above/CLAUDE.md",
        "above/project/.mcp.json",
        "above/project/.claude/settings.json",
        "above/project/.claude/settings.local.json",
        "above/project/.claude/agents/a/b.md",
        "home/.claude/CLAUDE.md",
        "home/.claude/settings.json",
        "home/.claude/commands/x.md",
        "claude",
    ],
)
def test_what_claude_reads_at_its_start(
    name: str, tmp_path: Path, folder: Path, environment: dict[str, str], program: Path
) -> None:
    before = stamp(folder, environment, program)
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("one")
    after = stamp(folder, environment, program)
    assert after != before
    path.write_text("another")
    assert stamp(folder, environment, program) not in {before, after}


def test_an_updated_claude(tmp_path: Path, folder: Path, environment: dict[str, str], program: Path) -> None:
    before = stamp(folder, environment, program)
    (tmp_path / "claude-2").write_text("two")
    program.unlink()
    program.symlink_to("claude-2")
    assert stamp(folder, environment, program) != before


def test_git(folder: Path, environment: dict[str, str], program: Path) -> None:
    git(folder, environment, "init", "-q")
    seen = [stamp(folder, environment, program)]
    (folder / "file").write_text("x")
    seen.append(stamp(folder, environment, program))
    git(folder, environment, "add", "file")
    seen.append(stamp(folder, environment, program))
    git(folder, environment, "commit", "-qm", "one")
    seen.append(stamp(folder, environment, program))
    git(folder, environment, "checkout", "-qb", "other")
    seen.append(stamp(folder, environment, program))
    assert len(set(seen)) == len(seen)
    assert "" not in seen


def test_a_git_that_takes_too_long(
    tmp_path: Path, folder: Path, environment: dict[str, str], program: Path
) -> None:
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o700)
    path = f"{slow.parent}:{environment['PATH']}"
    assert stamp(folder, environment | {"PATH": path}, program) == ""


def test_without_git(tmp_path: Path, folder: Path, environment: dict[str, str], program: Path) -> None:
    assert stamp(folder, environment | {"PATH": str(tmp_path)}, program)


def test_what_claude_counts_is_not_looked_at(
    folder: Path, environment: dict[str, str], program: Path
) -> None:
    config = Path(environment["HOME"]) / ".claude.json"

    def write(**project: object) -> str:
        config.write_text(json.dumps({"numStartups": len(project), "projects": {str(folder): project}}))
        return stamp(folder, environment, program)

    before = stamp(folder, environment, program)
    assert write(lastCost=1.0, mcpServers={}) == write(lastCost=2.0) == write()
    assert write(mcpServers={"x": {"command": "y"}}) != before
    config.write_text("rubbish")
    assert stamp(folder, environment, program)
