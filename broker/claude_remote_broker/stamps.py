"""The state of a folder as a claude sees it that starts there: whether one that waits knows what is now.

Claude reads at its start, and not again: git's status with the last commits, CLAUDE.md and what it imports by
its place (upwards to the root, and in its own folder), its memory, settings, agents, commands, skills, MCP
servers. Observed with Claude Code 2.1.330: one that was started before a commit still tells the model of the
status before it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

# git takes this long in the folder of a huge tree, and then there is no warm claude for it. Seconds.
_GIT = 0.25
_MOST_STATUS = 4 * 1024 * 1024
_MOST_FILES = 500  # of one of claude's own folders
_MOST_CONFIG = 8 * 1024 * 1024
_ABOVE = ("CLAUDE.md", "CLAUDE.local.md", ".claude/CLAUDE.md", ".mcp.json")
_OWN = ("settings.json", "settings.local.json")
_FOLDERS = ("agents", "commands", "output-styles", "rules", "skills")
_USERS = ("CLAUDE.md", ".credentials.json", "plugins/installed_plugins.json", *_OWN)
_MANAGED = Path("/etc/claude-code")
# What claude keeps of a folder in .claude.json, less what it counts there.
_OF_FOLDER = (
    "allowedTools",
    "mcpServers",
    "enabledMcpjsonServers",
    "disabledMcpjsonServers",
    "hasTrustDialogAccepted",
)


def stamp(folder: Path, environment: Mapping[str, str], program: Path) -> str:
    """The same text as long as nothing of that changes; empty when it cannot be told. Blocking.

    `environment` is claude's, `program` claude itself, which may be updated.
    """
    status = _git(folder, environment)
    if status is None:
        return ""
    home = Path(environment.get("HOME") or Path.home())
    config = Path(environment.get("CLAUDE_CONFIG_DIR") or home / ".claude")
    digest = sha256(status)
    for path in _files(folder, config, program):
        digest.update(f"{path}\0{_look(path)}\0".encode(errors="surrogateescape"))
    kept = config / ".claude.json" if "CLAUDE_CONFIG_DIR" in environment else home / ".claude.json"
    digest.update(_of_config(kept, folder))
    # Claude is told the day.
    digest.update(datetime.now().astimezone().date().isoformat().encode())
    return digest.hexdigest()


def _files(folder: Path, config: Path, program: Path) -> Iterator[Path]:
    yield program.resolve()
    for above in (folder, *folder.parents):
        yield from (above / name for name in _ABOVE)
    yield from (folder / ".claude" / name for name in _OWN)
    yield from (config / name for name in _USERS)
    # As claude names the folder of a project.
    project = "".join(letter if letter.isalnum() else "-" for letter in str(folder))
    yield config / "projects" / project / "memory" / "MEMORY.md"
    for place in (folder / ".claude", config):
        for name in _FOLDERS:
            yield from _below(place / name)
    yield from _below(_MANAGED)


def _below(folder: Path) -> Iterator[Path]:
    count = 0
    for path, folders, names in os.walk(folder):
        yield Path(path)
        for name in names:
            count += 1
            if count > _MOST_FILES:
                return
            yield Path(path, name)
        folders.sort()


def _look(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return "-"
    return f"{found.st_mtime_ns} {found.st_size} {found.st_ino}"


def _git(folder: Path, environment: Mapping[str, str]) -> bytes | None:
    """Branch, last commit and what is different; b"" where there is no git. None: it takes too long."""
    command = [
        "git",
        "-c",
        "core.fsmonitor=false",
        "status",
        "--porcelain=v2",
        "--branch",
        "--no-ahead-behind",
        "-z",
    ]
    try:
        ran = subprocess.run(
            command,
            cwd=folder,
            env={**environment, "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_GIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    except OSError:
        return b""
    return ran.stdout if len(ran.stdout) <= _MOST_STATUS else None


def _of_config(path: Path, folder: Path) -> bytes:
    """What is said in .claude.json about the folder and about everywhere; it is written all the time."""
    try:
        if path.stat().st_size > _MOST_CONFIG:
            return _look(path).encode()
        given = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError):
        return b""
    projects = given.get("projects")
    own = projects.get(str(folder)) if isinstance(projects, dict) else None
    of_folder = {name: own.get(name) or None for name in _OF_FOLDER} if isinstance(own, dict) else {}
    told = {name: value for name, value in of_folder.items() if value}
    return msgspec.json.encode([given.get("mcpServers") or {}, told], order="sorted")
