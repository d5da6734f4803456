"""What every event and command is, and the numbers that they name things by."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

# Connections and tickets are numbers that mean nothing beyond being the same again.
Connection: TypeAlias = int
Ticket: TypeAlias = int


class Event(Struct, frozen=True):
    """Something that happened."""


class Command(Struct, frozen=True):
    """Something to be done."""
