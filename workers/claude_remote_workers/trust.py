"""Folders that claude trusts: until then it ignores what their own settings allow (Claude Code 2.1.330).

It says so on its standard error, when it starts, and names the folder. What it trusts is in its
configuration, `projects[folder].hasTrustDialogAccepted` of `.claude.json`, which it writes while it holds the
folder `.claude.json.lock`.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

_SAID = re.compile(
    r"Ignoring (?P<count>\d+) permissions\.allow entr(?:y|ies) from (?P<file>\S+):.*?not been trusted"
    r".*?projects\[\"(?P<folder>[^\"\n]+)\"\]",
)
_LOCKED = 2.0  # seconds that another claude may hold the lock
_STALE = 10.0  # a lock that is older was left behind
_LARGEST = 64 * 1024 * 1024


class TrustFailed(Exception):
    """The folder could not be trusted; the message says why."""


def find_untrusted(stderr: str, folder: str) -> tuple[str, str] | None:
    """What claude complains of, in words, and which folder is to be trusted: `folder`, or one above it."""
    found = _SAID.search(stderr)
    if found is None or not PurePosixPath(folder).is_relative_to(found["folder"]):
        return None
    rules = "1 rule" if found["count"] == "1" else f"{found['count']} rules"
    return f"{rules} of {found['file']}", found["folder"]


def trust(environment: Mapping[str, str], folder: str) -> None:
    """Write that a folder is trusted. Raises TrustFailed."""
    place = environment.get("CLAUDE_CONFIG_DIR") or environment.get("HOME") or os.path.expanduser("~")  # noqa: PTH111
    path = Path(os.path.realpath(Path(place) / ".claude.json"))
    try:
        with _locked(Path(f"{path}.lock")):
            _write(path, folder)
    except OSError as error:
        raise TrustFailed(f"{path} cannot be written: {error.strerror}") from None


@contextmanager
def _locked(lock: Path) -> Iterator[None]:
    ends = time.monotonic() + _LOCKED
    while True:
        try:
            lock.mkdir()
            break
        except FileExistsError:
            if time.time() - lock.stat().st_mtime > _STALE:
                lock.rmdir()
            elif time.monotonic() > ends:
                raise TrustFailed(f"{lock} is held by another claude; try again") from None
            else:
                time.sleep(0.05)
    try:
        yield
    finally:
        lock.rmdir()


def _write(path: Path, folder: str) -> None:
    try:
        text = path.read_bytes()[: _LARGEST + 1]
        known = json.loads(text)
    except FileNotFoundError:
        known = {}
    except ValueError:
        known = None
    projects = known.setdefault("projects", {}) if isinstance(known, dict) else None
    if not isinstance(projects, dict):
        raise TrustFailed(f"{path} is not of a shape that is known")
    project = projects.setdefault(folder, {})
    if not isinstance(project, dict):
        raise TrustFailed(f"{path} is not of a shape that is known")
    project["hasTrustDialogAccepted"] = True
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".claude.json.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(known, file, indent=2, ensure_ascii=False)
            file.flush()
            os.fsync(descriptor)
            os.fchmod(descriptor, mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
