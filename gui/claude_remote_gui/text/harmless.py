"""Making the text of others harmless where people decide by it."""

from __future__ import annotations

import unicodedata

# Besides control characters: what turns the direction of writing, so that a command reads as another one,
# and what is not seen at all.
_HIDDEN = {*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0x061C, 0xFEFF, 0x00AD}


def harmless(text: str) -> str:
    """One line: tabs become spaces, whatever hides or reorders other letters is written out."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_letter(letter) for letter in text)


def lines(text: str) -> list[str]:
    """The lines of a text, each harmless. Only newlines divide."""
    return [harmless(line) for line in text.replace("\r\n", "\n").split("\n")]


def _letter(letter: str) -> str:
    if letter == "\t":
        return "    "
    code = ord(letter)
    # Cc: control; Cf: format; Cs: half a letter; Co, Cn: nobody knows; Zl, Zp: a new line or paragraph.
    if code in _HIDDEN or unicodedata.category(letter) in {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}:
        return f"\\u{{{code:x}}}"
    return letter
