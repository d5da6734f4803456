"""Waiting for a pipe, without falling silent meanwhile."""

from __future__ import annotations

import select

from claude_remote.transfer.content import Breathe

READABLE = 1  # POLLIN and POLLOUT, on every system that has poll
WRITABLE = 4
_BREATHE_EVERY = 500  # milliseconds


def wait_for(descriptor: int, events: int, breathe: Breathe) -> None:
    """Until a descriptor is ready, or broken. Windows cannot wait for pipes: there it is said to be ready."""
    if not hasattr(select, "poll"):
        return
    poller = select.poll()
    poller.register(descriptor, events)
    while not poller.poll(_BREATHE_EVERY):
        breathe()
