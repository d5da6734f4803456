"""Where a name that a remote sent lands here: one pure function, for both directions.

A remote name is a path with `/` between its parts, any bytes otherwise. It is never joined to anything before
it has passed here.
"""

from __future__ import annotations

import os
from hashlib import sha256

from claude_remote.errors import BadName
from claude_remote.transfer import sizes

PART_END = b".claude-remote.part"
_WINDOWS_LETTERS = frozenset('<>:"|?*\\') | {chr(number) for number in range(32)}
_WINDOWS_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{port}{number}" for port in ("com", "lpt") for number in (*range(10), "¹", "²", "³")]
)


def destination(name: bytes, *, windows: bool = os.name == "nt") -> tuple[bytes, ...]:
    """The parts of a path below a destination, each of them an ordinary name of one file or folder.

    Raises BadName for everything that could lead elsewhere: an absolute path, an empty part, `.` or `..`, a
    zero byte, what is too long or too deep, our own .part files; and on Windows drives, streams, devices,
    backslashes and names that it would silently change.
    """
    parts = tuple(name.split(b"/"))
    if not name or len(name) > sizes.PATH or len(parts) > sizes.DEPTH:
        raise BadName(f"{show(name)} is no usable path: it is empty, too long or too deep")
    for part in parts:
        if part in {b"", b".", b".."} or b"\0" in part:
            raise BadName(f"{show(name)} could lead out of its destination")
        if len(part) > sizes.NAME:
            raise BadName(f"{show(name)} has a part of more than {sizes.NAME} bytes")
        if is_part(part):
            raise BadName(f"{show(name)} is the name of an unfinished transfer")
        if windows:
            _check_windows(part, name)
    return parts


def part_name(name: bytes, number: int = 0) -> bytes:
    """What a file is called beside its destination until it is complete. Several at once have numbers."""
    mark = b"" if number == 0 else b".%d" % number
    whole = b"." + name + mark + PART_END
    if len(whole) <= sizes.NAME:
        return whole
    return b"." + sha256(name).hexdigest()[:32].encode() + mark + PART_END


def is_part(name: bytes) -> bool:
    """Whether this is the name of an unfinished transfer."""
    return name.startswith(b".") and name.endswith(PART_END)


def show(name: bytes) -> str:
    """A name in words; what is no text is escaped. Not yet fit for a terminal."""
    return name.decode(errors="backslashreplace")[:1024]


def _check_windows(part: bytes, name: bytes) -> None:
    try:
        text = part.decode()
    except UnicodeDecodeError:
        raise BadName(f"{show(name)} is not UTF-8, and cannot be a name on Windows") from None
    stem = text.partition(".")[0].rstrip(" ").lower()
    if stem in _WINDOWS_DEVICES or _WINDOWS_LETTERS & set(text) or text[-1] in ". ":
        raise BadName(f"{show(name)} cannot be a name on Windows")
