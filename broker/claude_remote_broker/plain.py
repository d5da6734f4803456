"""Text that a stranger chose, made fit to be shown on the owner's terminal."""

from __future__ import annotations

import unicodedata


def plain(text: str, longest: int) -> str:
    """`text` on one line, without control, direction and other invisible characters, cut to `longest`."""
    folded = unicodedata.normalize("NFC", " ".join(text.split()))
    shown = "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in folded
    )
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"
