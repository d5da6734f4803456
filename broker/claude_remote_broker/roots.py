"""The folders that an owner names for a client: real ones, none of them claude-remote's own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from claude_remote.errors import BadMessage, NoSuchFolder, OutsideRoots, TimedOut

# A folder on a dead network mount never answers.
TIMEOUT = 10.0


async def real_roots(folders: Sequence[str], private: Sequence[Path]) -> tuple[str, ...]:
    """Their real paths, each once. Raises BadMessage, NoSuchFolder, OutsideRoots, TimedOut."""
    try:
        work = asyncio.to_thread(_real_roots, folders, private)
        return await asyncio.wait_for(work, TIMEOUT)
    except TimeoutError:
        raise TimedOut("one of these folders does not answer") from None


def _real_roots(folders: Sequence[str], private: Sequence[Path]) -> tuple[str, ...]:
    roots: dict[str, None] = {}
    for folder in folders:
        try:
            path = Path(folder).expanduser()
            if not path.is_absolute():
                raise BadMessage(f"{folder} is not an absolute path: a root is named in full")
            real = Path(os.path.realpath(path))
            is_folder = real.is_dir()
        except (OSError, ValueError, RuntimeError) as error:
            raise NoSuchFolder(f"{folder} cannot be used: {error}") from None
        if not is_folder:
            raise NoSuchFolder(f"{folder} is not a folder on the server")
        if any(real.is_relative_to(os.path.realpath(ours)) for ours in private):
            raise OutsideRoots(f"{folder} belongs to claude-remote itself")
        roots[str(real)] = None
    return tuple(roots)
