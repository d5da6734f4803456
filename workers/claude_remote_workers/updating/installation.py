"""How the server's distribution came here: told by what its installer has left beside it."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec

from claude_remote.errors import UpdateFailed

DISTRIBUTION = "claude-remote-bus"


class Installation(NamedTuple):
    """`way`: in words. `checkout`: of an editable installation, whose code is its git repository."""

    way: str
    version: str
    extras: tuple[str, ...] = ()
    checkout: Path | None = None

    @property
    def requirement(self) -> str:
        """What is asked of the installer."""
        return f"{DISTRIBUTION}[{','.join(self.extras)}]" if self.extras else DISTRIBUTION


class _DirInfo(msgspec.Struct):
    editable: bool = False


class _DirectUrl(msgspec.Struct):
    """PEP 610."""

    url: str = ""
    dir_info: _DirInfo = msgspec.field(default_factory=_DirInfo)


def find_installation(prefix: Path | None = None, versions: Path | None = None) -> Installation:
    """How what runs here was installed: in the environment `prefix`. Raises UpdateFailed."""
    prefix = Path(sys.prefix) if prefix is None else prefix
    try:
        found = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        raise UpdateFailed(
            f"{DISTRIBUTION} is not installed in {prefix}; update it by the way it came there"
        ) from None
    checkout = _checkout(found.read_text("direct_url.json"))
    extras = tuple(sorted(each for each in found.metadata.get_all("Provides-Extra", ()) if _has(found, each)))
    return Installation(_way(prefix, versions, checkout), found.version, extras, checkout)


def _way(prefix: Path, versions: Path | None, checkout: Path | None) -> str:
    if checkout is not None:
        return f"git pull in {checkout}"
    if versions is not None and prefix.is_relative_to(versions):
        return f"pip, beside an earlier update ({prefix})"
    # Both leave these files in the environment of each tool.
    if (prefix / "uv-receipt.toml").exists():
        return f"uv tool ({prefix})"
    if (prefix / "pipx_metadata.json").exists():
        return f"pipx ({prefix})"
    return f"pip ({prefix})"


def _checkout(text: str | None) -> Path | None:
    try:
        told = msgspec.json.decode(text or "{}", type=_DirectUrl)
    except msgspec.DecodeError:
        return None
    parts = urlsplit(told.url)
    return Path(unquote(parts.path)) if told.dir_info.editable and parts.scheme == "file" else None


def _has(found: metadata.Distribution, extra: str) -> bool:
    """Whether all that an extra needs is installed: which ones were asked for nobody has noted."""
    marker = re.compile(rf"""extra\s*==\s*['"]{re.escape(extra)}['"]""")
    needs = [line for line in found.requires or () if marker.search(line)]
    return bool(needs) and all(_is_installed(line) for line in needs)


def _is_installed(requirement: str) -> bool:
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    try:
        return name is not None and bool(metadata.version(name[0]))
    except metadata.PackageNotFoundError:
        return False
