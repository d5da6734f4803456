"""Time, which the core has no other way to know."""

from __future__ import annotations

from claude_remote_broker.ports.base import Command, Event


class Tick(Event, frozen=True):
    """Time passes; about once a second, and after each Wake."""


class Wake(Command, frozen=True):
    """Send a Tick in `delay` seconds (besides the regular ones)."""

    delay: float
