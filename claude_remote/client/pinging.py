"""Measuring the way to a server, and asking how everything behind it fares."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from claude_remote import messages
from claude_remote.client.answers import ANSWER_WITHIN, expect, expect_done
from claude_remote.client.asking import ask
from claude_remote.client.link import Link
from claude_remote.client.pool import Pool
from claude_remote.errors import BadMessage

if TYPE_CHECKING:
    from claude_remote.client.vitals import Report


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

        def measure(link: Link) -> float:
            began = time.monotonic()
            link.send(messages.Ping())
            expect_done(link)
            return time.monotonic() - began

        took = ask(self._pool, messages.Ping(), measure)
        connect, self._connect_time = self._connect_time, 0.0
        return Timing(connect, took)

    def status(self, session: str | None = None, *, pings: int = 3) -> Report:
        """How every hop fares; of the sessions those that run, wait or are read, or the one that is named."""
        from claude_remote.client.vitals import Report

        timings = [self.ping() for _ in range(pings)]
        request = messages.ShowStatus(session=session)

        def look(link: Link) -> Report:
            sessions: list[messages.SessionVitals] = []
            status: messages.Status | None = None
            link.send(request)
            while not isinstance(message := link.receive(ANSWER_WITHIN).message, messages.Done):
                if isinstance(message, messages.Status):
                    status = message
                else:
                    sessions += expect(message, messages.Vitals).sessions
            if status is None:
                raise BadMessage("the server has not said how it is")
            return Report(
                name=self.name,
                connect=sum(timing.connect for timing in timings),
                round_trips=tuple(timing.request for timing in timings),
                unheard=link.unheard,
                status=status,
                sessions=tuple(sessions),
            )

        return ask(self._pool, request, look)
