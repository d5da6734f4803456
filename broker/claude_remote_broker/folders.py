"""Where a session may run: real paths, inside the roots of a client, never among our own files."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from claude_remote.errors import NoSuchFolder, OutsideRoots, RemoteError, TimedOut
from claude_remote_broker.ports import CheckFolder, FolderChecked

# A folder on a dead network mount never answers.
TIMEOUT = 10.0


class Folders:
    """Performs CheckFolder off the loop. `default` is where sessions start, `private` what is ours alone.

    `stamp` tells the state of a folder, for who asks.
    """

    def __init__(
        self, default: Path, private: Iterable[Path], stamp: Callable[[Path], str] = lambda _: ""
    ) -> None:
        self._default = default
        self._stamp = stamp
        self._private = tuple(Path(os.path.realpath(folder)) for folder in private)
        self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="folders")

    async def check(self, command: CheckFolder) -> FolderChecked:
        """The answer to a command, within TIMEOUT seconds."""
        work = asyncio.get_running_loop().run_in_executor(self._pool, self.find, command)
        try:
            return await asyncio.wait_for(work, TIMEOUT)
        except TimeoutError:
            words = f"the folder {command.path or self._default} does not answer"
            return FolderChecked(command.ticket, error=TimedOut(words))

    def find(self, command: CheckFolder) -> FolderChecked:
        """The answer to a command; blocks as long as the disk does."""
        roots = tuple(Path(root) for root in command.roots)
        try:
            folder = self._folder(command.path, roots)
            also = [(Path(os.path.realpath(folder / Path(path).expanduser())), path) for path in command.also]
            for path, asked in also:
                self._allow(path, asked, roots)
            if command.apart:
                for path, asked in [(folder, str(folder)), *also]:
                    self._keep_apart(path, asked)
            stamp = self._stamp(folder) if command.stamp else ""
        except RemoteError as error:
            return FolderChecked(command.ticket, error=error)
        except (OSError, ValueError, RuntimeError) as error:
            words = getattr(error, "strerror", None) or str(error)
            return FolderChecked(command.ticket, error=NoSuchFolder(f"cannot use that folder: {words}"))
        return FolderChecked(command.ticket, str(folder), stamp=stamp)

    def close(self) -> None:
        """Do not wait for a disk that hangs."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _folder(self, asked: str | None, roots: tuple[Path, ...]) -> Path:
        if asked:
            wanted = self._default / Path(asked).expanduser()
        elif roots and not _inside(Path(os.path.realpath(self._default)), roots):
            # A client that has roots elsewhere starts in the first of them.
            wanted = roots[0]
        else:
            wanted = self._default
        folder = Path(os.path.realpath(wanted))
        # Before whether it exists: what lies outside is none of this client's business.
        self._allow(folder, asked or str(wanted), roots)
        if not folder.is_dir():
            what = "is not a folder" if folder.exists() else "does not exist"
            raise NoSuchFolder(f"{folder} {what} on the server")
        if not os.access(folder, os.R_OK | os.X_OK):
            raise NoSuchFolder(f"{folder} cannot be entered by the server's user")
        return folder

    def _allow(self, path: Path, asked: str, roots: tuple[Path, ...]) -> None:
        if roots and not _inside(path, roots):
            raise OutsideRoots(f"{asked} is outside the folders that this client may use")
        if _inside(path, self._private):
            raise OutsideRoots(f"{asked} belongs to claude-remote itself")

    def _keep_apart(self, path: Path, asked: str) -> None:
        if any(_inside(private, [path]) for private in self._private):
            raise OutsideRoots(
                f"{asked} holds files of claude-remote itself; a client without the right `approve` names"
                " a folder beside them"
            )


def _inside(path: Path, folders: Iterable[Path]) -> bool:
    return any(path == folder or folder in path.parents for folder in folders)
