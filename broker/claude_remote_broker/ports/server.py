"""The server itself: its log, how its process fares, and its end."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from claude_remote_broker.ports.base import Command, Event, Ticket


class Log(Protocol):
    """What the core may read of the server's log: lines, numbered from 0 on."""

    @property
    def end(self) -> int:
        """The number of the next line."""

    def read(self, start: int, most: int) -> tuple[int, bytes]:
        """Lines from `start` on that are still kept, at most so many bytes; and the number to go on with."""


class Survey(Command, frozen=True):
    """How the process itself fares. Surveyed."""

    ticket: Ticket


class ServerFigures(Struct, frozen=True, kw_only=True):
    """Bytes and seconds; None is not measured yet."""

    pid: int
    uptime: float
    memory: int | None
    connections: int
    lag: float | None  # of the loop, when it was looked last
    worst_lag: float | None  # of the last minute
    turn: float | None = None  # the loop's longest of the last minute with something large in it
    turn_work: float | None = None  # how much of one was its own work
    launcher: int  # its pid; 0: there is none
    problems: tuple[str, ...] = ()  # in words: what does not work just now, or was lost


class Surveyed(Event, frozen=True):
    """At once."""

    ticket: Ticket
    figures: ServerFigures


class End(Command, frozen=True):
    """End this server, because this client has asked for it."""

    client: str
