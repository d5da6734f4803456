"""Which claude the server runs, and whether it is logged in."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from claude_remote.paths import Paths
from claude_remote.versions import Versions, is_newer
from claude_remote_broker.failure import Failure

log = logging.getLogger(__name__)

_INSTALL = "install it with: pipx install 'claude-remote-bus[server,claude]', or name one with --claude PATH"
_VERSION_TIMEOUT = 20.0
_LOGIN_TIMEOUT = 20.0


@dataclass(frozen=True)
class ClaudeProgram:
    """The program, and what it says of itself, for example `2.1.330 (Claude Code)`."""

    path: Path
    version: str


def find_claude(given: str | None, environ: Mapping[str, str], versions: Versions | None = None) -> Path:
    """The claude to run: `given` (--claude), else CLAUDE_REMOTE_CLAUDE, PATH, or claude-agent-sdk's own.

    Of the latter the newest: what was installed, or what `update --claude` has put into `versions`.
    Raises Failure when there is none, or the one that was named is not a program.
    """
    for source, name in (("--claude", given), ("CLAUDE_REMOTE_CLAUDE", environ.get("CLAUDE_REMOTE_CLAUDE"))):
        if name:
            found = shutil.which(os.path.expanduser(name), path=environ.get("PATH"))  # noqa: PTH111  may be a bare name
            if found is None:
                raise Failure(f"{source} names {name}, which is not a program; give the path of claude")
            return Path(found).absolute()
    found = shutil.which("claude", path=environ.get("PATH"))
    if found is not None:
        return Path(found).absolute()
    bundled = _bundled(versions)
    if bundled is not None:
        return bundled
    raise Failure(f"no claude found; {_INSTALL}")


def read_version(path: Path, environ: Mapping[str, str]) -> ClaudeProgram:
    """Run `claude -v`. Raises Failure when it does not answer as a program should."""
    try:
        done = subprocess.run(
            [path, "-v"],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_VERSION_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Failure(f"{path} -v did not answer within {_VERSION_TIMEOUT:.0f} s; is it claude?") from None
    except OSError as error:
        raise Failure(f"cannot run {path}: {error.strerror}; {_INSTALL}") from None
    version = _first_line(done.stdout)
    if done.returncode != 0 or not version:
        words = _first_line(done.stderr) or f"it ended with {done.returncode}"
        raise Failure(f"{path} -v failed: {words}; is it claude?")
    return ClaudeProgram(path, version)


def is_logged_in(program: ClaudeProgram, environ: Mapping[str, str]) -> bool | None:
    """Whether this claude is logged in, in this environment: `claude auth status` ends with 0 or 1.

    None when it does not say: too slow, or a claude without that command.
    """
    try:
        done = subprocess.run(
            [program.path, "auth", "status"],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LOGIN_TIMEOUT,
            check=False,
        )
    except (subprocess.TimeoutExpired, OSError):
        return None
    return {0: True, 1: False}.get(done.returncode)


def _bundled(versions: Versions | None) -> Path | None:
    installed = _installed()
    found = versions.claudes() if versions is not None else []
    if found and os.access(found[0][1], os.X_OK):
        newest, path = found[0]
        if installed is None or is_newer(newest, metadata.version("claude-agent-sdk")):
            return path
    return installed


def _installed() -> Path | None:
    # find_spec does not run the package: importing it takes most of a second.
    spec = find_spec("claude_agent_sdk")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "_bundled" / "claude"
    return path if os.access(path, os.X_OK) else None


def _first_line(output: bytes) -> str:
    return next((line.strip() for line in output.decode(errors="replace").splitlines() if line.strip()), "")[
        :200
    ]


def find_ready_claude(given: str | None, environment: Mapping[str, str], paths: Paths) -> ClaudeProgram:
    """The claude to run, seen to be one and to be logged in.

    Raises Failure with the remedy. A claude that does not say whether it is logged in passes, with a warning:
    the first prompt tells.
    """
    program = read_version(find_claude(given, environment, Versions(paths.versions)), environment)
    match is_logged_in(program, environment):
        case False:
            raise Failure(
                f"claude ({program.path}) is not logged in; run `claude-remote-server login`, or put a token"
                f" (CLAUDE_CODE_OAUTH_TOKEN=… or ANTHROPIC_API_KEY=…) into {paths.environment}"
            )
        case None:
            log.warning("%s auth status did not say whether it is logged in; going on", program.path)
    return program
