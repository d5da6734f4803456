"""The real claude, and an environment in which it talks to the scripted model and to nobody else."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol


class HasUrl(Protocol):
    """A model's server."""

    url: str


def claude_program() -> Path:
    """The claude that claude-agent-sdk carries, or the one that CLAUDE_REMOTE_TEST_CLAUDE names.

    Raises FileNotFoundError if there is none.
    """
    named = os.environ.get("CLAUDE_REMOTE_TEST_CLAUDE")
    if named:
        return Path(named)
    found = find_spec("claude_agent_sdk")
    if found is None or found.origin is None:
        raise FileNotFoundError("claude-agent-sdk is not installed: pip install 'claude-remote-bus[claude]'")
    program = Path(found.origin).parent / "_bundled" / "claude"
    if not program.exists():
        raise FileNotFoundError(f"this claude-agent-sdk carries no claude: {program}")
    return program


@cache
def claude_version() -> tuple[int, ...]:
    """Of claude_program()."""
    told = subprocess.run([claude_program(), "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(map(int, told.split()[0].split(".")))


def run_claude(api: HasUrl, home: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run it in `home` to its end, with nothing on standard input."""
    return subprocess.run(
        [claude_program(), *argv],
        env=claude_environment(api, home),
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def claude_environment(api: HasUrl, home: Path) -> dict[str, str]:
    """A whole environment for claude: `home` is made, and all that claude keeps is below it."""
    temporary = home / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
        "ANTHROPIC_BASE_URL": api.url,
        "ANTHROPIC_API_KEY": "sk-scripted",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "ENABLE_TOOL_SEARCH": "false",
        "IS_SANDBOX": "1",
    }
