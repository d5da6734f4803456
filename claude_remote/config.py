"""What the client's user has chosen, and what the client remembers for him."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
from msgspec import Struct

from claude_remote import files
from claude_remote.messages import Line
from claude_remote.toml_file import TomlFile

SERVER_VARIABLE = "CLAUDE_REMOTE_SERVER"
MAX_FOLDERS = 1000

_HEADER = "# What you have chosen for claude-remote. Your own comments are lost at its next change."


class Choice(NamedTuple):
    """A server, by name or address, and who chose it: for messages."""

    which: str
    by: Literal["-s", "CLAUDE_REMOTE_SERVER", "default", "nobody"]


def choose_server(explicit: str | None, environ: Mapping[str, str], default: str | None) -> Choice:
    """Which server is meant: -s, else CLAUDE_REMOTE_SERVER, else the default, else this machine."""
    if explicit:
        return Choice(explicit, "-s")
    from_environment = environ.get(SERVER_VARIABLE)
    if from_environment:
        return Choice(from_environment, "CLAUDE_REMOTE_SERVER")
    if default:
        return Choice(default, "default")
    return Choice("localhost", "nobody")


class Settings(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """config.toml."""

    server: Line | None = None  # the default server: a name of known_servers, or an address
    bell: bool = True  # ring the terminal's bell and set its title


class ConfigFile:
    """config.toml: read when it is asked for, changed under a lock."""

    def __init__(self, path: Path) -> None:
        """Nothing is read yet."""
        self._file = TomlFile(path, _HEADER)

    def read(self) -> Settings:
        """The settings; a missing file has none. Raises Misconfigured naming line and remedy."""
        content = self._file.read()
        if content is None:
            return Settings()
        return self._file.convert(content, "server", content.tables, Settings)

    def set_bell(self, *, on: bool) -> None:
        """Ring the terminal's bell, or do not. Raises Misconfigured."""
        with self._file.locked():
            settings = msgspec.structs.replace(self.read(), bell=on)
            self._file.write(msgspec.to_builtins(settings))

    def set_default_server(self, which: str | None) -> None:
        """Choose the default server, or none. Raises Misconfigured."""
        with self._file.locked():
            settings = msgspec.structs.replace(self.read(), server=which)
            self._file.write(msgspec.to_builtins(settings))


class _Folder(Struct, frozen=True):
    local: str
    server: str
    remote: str


class FolderMemory:
    """Which folder of which server was last used from which folder here; of the MAX_FOLDERS last used."""

    def __init__(self, path: Path) -> None:
        """Nothing is read yet."""
        self._path = path

    def get(self, local: Path, server: str) -> str | None:
        """The folder that was last used from `local` on the server with this fingerprint."""
        remembered = {(folder.local, folder.server): folder.remote for folder in self._read()}
        return remembered.get((str(local), server))

    def remember(self, local: Path, server: str, remote: str) -> None:
        """From now on, `remote` belongs to `local`."""
        new = _Folder(str(local), server, remote)
        with files.locked(self._path):
            folders = self._read()
            if folders[-1:] == [new]:
                return
            others = [
                folder for folder in folders if (folder.local, folder.server) != (new.local, new.server)
            ]
            files.replace(self._path, msgspec.json.encode([*others, new][-MAX_FOLDERS:]))

    def _read(self) -> list[_Folder]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=list[_Folder])
        except FileNotFoundError:
            return []
        except ValueError:  # msgspec.DecodeError, or UnicodeDecodeError
            files.keep_aside(self._path, ".broken")
            return []
