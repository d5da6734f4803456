"""How many claudes there may be: by default, and as somebody said it to the running server."""

from __future__ import annotations

import os
from typing import NamedTuple

from claude_remote.scale import Scale, parse

# A claude takes 150-300 MB, more after large files; its tools take what they take.
_MEMORY_EACH = 512 * 1024 * 1024
_MEMORY_KEPT = 1024 * 1024 * 1024
_EACH_CORE = 4
_MOST = 64


class Scaled(NamedTuple):
    """What the owner has said to the running server, and what --workers was then ("": nothing).

    It holds for as long as the server is started with the same.
    """

    scale: Scale
    instead_of: str

    def __str__(self) -> str:
        return f"{self.scale} {self.instead_of}"


def parse_scaled(text: str) -> Scaled | None:
    """Read what `str` of a Scaled gave; None for anything else."""
    scale, space, instead_of = text.partition(" ")
    try:
        return Scaled(parse(scale), instead_of) if space else None
    except ValueError:
        return None


def default() -> Scale:
    """What this machine carries, by its cores and its memory."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    cores = len(os.sched_getaffinity(0))
    return Scale(0, max(1, min(_MOST, cores * _EACH_CORE, (memory - _MEMORY_KEPT) // _MEMORY_EACH)))


def choose(asked: Scale | None, kept: str) -> tuple[Scale, str]:
    """How many workers, and who says so: the owner to an earlier server that was started as this one is.

    `asked` is --workers, `kept` the `str` of a Scaled, or empty.
    """
    scaled = parse_scaled(kept)
    if scaled is not None and scaled.instead_of == str(asked or ""):
        return scaled.scale, "as `workers scale` said; --workers changes it"
    if asked is not None:
        return asked, "--workers"
    return default(), "by this machine's cores and memory; --workers changes it"
