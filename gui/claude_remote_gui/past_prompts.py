"""The prompts that were written before, also before the last start: in a file that is its owner's alone."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

from claude_remote import files

MOST = 200
_LONGEST = 16 * 1024  # bytes of a prompt, as it is written
_LARGEST = 512 * 1024  # of the file; then it is cut to what is shown

_log = logging.getLogger(__name__)


class PastPrompts:
    """The last of them, the latest at the end. Without a `path`, or where it cannot be used, in memory."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.texts: list[str] = []
        try:
            self._read()
        except OSError as error:
            self._give_up(error)

    def add(self, text: str) -> None:
        """One was written; the same again is no other."""
        if self.texts[-1:] == [text]:
            return
        self.texts = [*self.texts, text][-MOST:]
        line = _line(text)
        if self._path is None or len(line) > _LONGEST:
            return
        try:
            files.make_private_folder(self._path.parent)
            with files.private_umask(), self._path.open("ab") as file:
                file.write(line)
                size = file.tell()
            if size > 2 * _LARGEST:
                files.replace(self._path, b"".join(map(_line, self.texts[-MOST // 4 :])))
        except OSError as error:
            self._give_up(error)

    def _read(self) -> None:
        if self._path is None or not self._path.exists():
            return
        self._path.chmod(0o600)
        size = self._path.stat().st_size
        with self._path.open("rb") as file:
            file.seek(max(0, size - _LARGEST))
            lines = file.read(_LARGEST).splitlines()
        found: list[str] = []
        for line in lines:
            try:
                found.append(msgspec.json.decode(line, type=str))
            except msgspec.DecodeError:
                continue  # cut, by where we began to read or by a crash
        self.texts = found[-MOST:]
        if size > _LARGEST:
            files.replace(self._path, b"".join(map(_line, self.texts)))

    def _give_up(self, error: OSError) -> None:
        _log.warning("prompts are not kept: %s", error)
        self._path = None


def _line(text: str) -> bytes:
    return msgspec.json.encode(text.encode(errors="replace").decode()) + b"\n"
