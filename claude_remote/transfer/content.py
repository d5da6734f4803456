"""The content of files: hashing it, in steps that let others breathe."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from claude_remote.transfer import sizes

if TYPE_CHECKING:
    from blake3 import blake3

Breathe = Callable[[], None]


def hasher() -> blake3:
    """A new BLAKE3, in one thread."""
    from blake3 import blake3  # nobody else needs to load it

    return blake3()


def digest(content: bytes) -> bytes:
    """BLAKE3 of some bytes."""
    return hasher().update(content).digest()


def hash_file(descriptor: int, size: int, breathe: Breathe) -> tuple[blake3, int]:
    """BLAKE3 over the first `size` bytes of a file, and how many there were. Its position is then behind."""
    hashed = hasher()
    os.lseek(descriptor, 0, os.SEEK_SET)
    room = memoryview(bytearray(min(size, sizes.HASH_STEP) or 1))
    left = size
    with open(descriptor, "rb", buffering=0, closefd=False) as file:
        while left:
            count = file.readinto(room[: min(left, len(room))])
            if not count:
                break
            hashed.update(room[:count])
            left -= count
            breathe()
    return hashed, size - left
