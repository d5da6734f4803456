"""Halves of letters in JSON lines.

Claude counts text in units of UTF-16, and where it cuts some it may leave half of a letter (an emoji, say).
In JSON that is `\\ud83d` alone, which JavaScript writes and reads, and which the readers here refuse to.
"""

from __future__ import annotations

import re

_HALVES = (b"\\ud", b"\\uD")
_REPLACEMENT = b"\\ufffd"  # U+FFFD, and as long
# From backslash to backslash, so that an escaped one is not taken for the beginning of an escape.
_ESCAPES = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def replace_halves(lines: bytes) -> bytes:
    """JSON with U+FFFD in the place of each half of a letter; all else, and every length, is the same."""
    if any(half in lines for half in _HALVES):
        return _ESCAPES.sub(lambda found: _REPLACEMENT if found[1] else found[0], lines)
    return lines
