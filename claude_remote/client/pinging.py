"""Measuring the way to a server, and asking how everything behind it fares."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from claude_remote import messages
from claude_remote.client.link import Link
from claude_remote.client.pool import Pool
from claude_remote.errors import BadMessage

if TYPE_CHECKING:
    from claude_remote.client.vitals import Report

_ANSWER_WITHIN = 60.0


class Timing(NamedTuple):
    """How long a ping took, in seconds: to connect (TLS and hellos included; 0 if already), and to answer."""

    connect: float
    request: float


class Pinging:
    """The part of Client that measures."""

    _pool: Pool
    name: str
    _connect_time: float

    def ping(self) -> Timing:
        """One question to the server and back. The first one tells how long connecting took."""
        with self._pool.link() as link:
            began = time.monotonic()
            link.send(messages.Ping())
            _expect_done(link)
            took = time.monotonic() - began
        connect, self._connect_time = self._connect_time, 0.0
        return Timing(connect, took)

    def status(self, session: str | None = None, *, pings: int = 3) -> Report:
        """How every hop fares; of the sessions those that run, wait or are read, or the one that is named."""
        from claude_remote.client.vitals import Report

        timings = [self.ping() for _ in range(pings)]
        sessions: list[messages.SessionVitals] = []
        status: messages.Status | None = None
        with self._pool.link() as link:
            link.send(messages.ShowStatus(session=session))
            while not isinstance(message := link.receive(_ANSWER_WITHIN).message, messages.Done):
                if isinstance(message, messages.Status):
                    status = message
                elif isinstance(message, messages.Vitals):
                    sessions += message.sessions
                else:
                    raise BadMessage(f"the server answered {type(message).__name__} where Vitals belongs")
            unheard = link.unheard
        if status is None:
            raise BadMessage("the server has not said how it is")
        return Report(
            name=self.name,
            connect=sum(timing.connect for timing in timings),
            round_trips=tuple(timing.request for timing in timings),
            unheard=unheard,
            status=status,
            sessions=tuple(sessions),
        )


def _expect_done(link: Link) -> None:
    message = link.receive(_ANSWER_WITHIN).message
    if not isinstance(message, messages.Done):
        raise BadMessage(f"the server answered {type(message).__name__} where Done belongs")
