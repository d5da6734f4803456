"""What was typed before, in a file that its owner alone can read."""

from __future__ import annotations

from pathlib import Path

from prompt_toolkit.history import FileHistory, History, InMemoryHistory

from claude_remote import files

_LARGEST = 512 * 1024
_KEPT = 256 * 1024


def open_history(path: Path | None) -> History:
    """The history kept at `path`, cut to its end when it has grown large; in memory if it cannot be kept."""
    if path is None:
        return InMemoryHistory()
    try:
        _prepare(path)
    except OSError:
        return InMemoryHistory()  # a folder that cannot be written is no reason not to start
    return FileHistory(str(path))


def _prepare(path: Path) -> None:
    files.make_private_folder(path.parent)
    with files.private_umask():
        path.touch(mode=0o600)
    path.chmod(0o600)
    if path.stat().st_size > _LARGEST:
        end = path.read_bytes()[-_KEPT:]
        # An entry begins with an empty line and a comment with its time.
        files.replace(path, end[max(end.find(b"\n\n# "), 0) :])
