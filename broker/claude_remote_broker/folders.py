"""Where a session may run: real paths, inside the roots of a client, never among our own files.

Roots hold real paths: links and `..` are resolved before they are compared, names are compared as they are
written, and a mount below a root belongs to it. Our own files are known by what they are (device and inode),
by whatever name or mount they are reached.
"""

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
            worktrees, taken = (
                self._worktrees(folder, roots) if command.worktree else (None, frozenset[str]())
            )
            stamp = self._stamp(folder) if command.stamp else ""
        except RemoteError as error:
            return FolderChecked(command.ticket, error=error)
        except (OSError, ValueError, RuntimeError) as error:
            words = getattr(error, "strerror", None) or str(error)
            return FolderChecked(command.ticket, error=NoSuchFolder(f"cannot use that folder: {words}"))
        return FolderChecked(command.ticket, str(folder), None, str(worktrees or ""), taken, stamp)

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

    def _worktrees(self, folder: Path, roots: tuple[Path, ...]) -> tuple[Path, frozenset[str]]:
        """Where claude makes the worktrees of this folder's repository, and what is there already."""
        top = _find_repository(folder)
        if top is None:
            raise NoSuchFolder(f"{folder} is in no git repository, so there can be no worktree of it")
        worktrees = Path(os.path.realpath(top / ".claude" / "worktrees"))
        self._allow(worktrees, f"the repository's folder of worktrees, {worktrees},", roots)
        try:
            return worktrees, frozenset(os.listdir(worktrees))  # noqa: PTH208  names are wanted
        except FileNotFoundError:
            return worktrees, frozenset()

    def _allow(self, path: Path, asked: str, roots: tuple[Path, ...]) -> None:
        if roots and not _inside(path, roots):
            raise OutsideRoots(f"{asked} is outside the folders that this client may use")
        if _inside(path, self._private) or not _identities([path, *path.parents]).isdisjoint(self._ours()):
            raise OutsideRoots(f"{asked} belongs to claude-remote itself")

    def _ours(self) -> set[tuple[int, int]]:
        return _identities(self._private)

    def _keep_apart(self, path: Path, asked: str) -> None:
        above = _identities(folder for private in self._private for folder in private.parents)
        if any(_inside(private, [path]) for private in self._private) or _identities([path]) & above:
            raise OutsideRoots(
                f"{asked} holds files of claude-remote itself; a client without the right `approve` names"
                " a folder beside them"
            )


def _find_repository(folder: Path) -> Path | None:
    """The folder of the repository; of a worktree, that of the repository that it belongs to."""
    for top in (folder, *folder.parents):
        if (top / ".git").is_dir():
            return top
        if (top / ".git").is_file():
            # "gitdir: REPOSITORY/.git/worktrees/NAME"; of a submodule it is another, and that is its own top.
            git = Path((top / ".git").read_text(errors="replace").removeprefix("gitdir:").strip())
            shared = git.parent.parent
            return shared.parent if git.parent.name == "worktrees" and shared.name == ".git" else top
    return None


def _inside(path: Path, folders: Iterable[Path]) -> bool:
    return any(path == folder or folder in path.parents for folder in folders)


def _identities(paths: Iterable[Path]) -> set[tuple[int, int]]:
    """By which the system knows those of them that are there."""
    found: set[tuple[int, int]] = set()
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            continue  # not there, or not to be seen: then it leads nowhere
        found.add((status.st_dev, status.st_ino))
    return found
