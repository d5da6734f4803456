"""Who is who in the exhibits."""

from __future__ import annotations


def uuid(number: int) -> str:
    """The same for the same number."""
    return f"00000000-0000-4000-8000-{number:012d}"
