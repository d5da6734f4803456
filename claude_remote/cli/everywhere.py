"""Asking every server that this machine trusts, all at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from claude_remote.client.client import Client
from claude_remote.client.connecting import tls_road
from claude_remote.client.introduction import Introduction
from claude_remote.client.roads import LocalRoad, Road
from claude_remote.errors import RemoteError, TimedOut
from claude_remote.known_servers import KnownServers
from claude_remote.paths import find_paths

CONNECT_WITHIN = 5.0
ANSWER_WITHIN = 15.0

T = TypeVar("T")


class Answered(Generic[T]):
    """What a server has answered."""

    def __init__(self, value: T, fingerprint: str) -> None:
        self.value = value
        self.fingerprint = fingerprint


def ask_every_server(ask: Callable[[Client], T]) -> list[tuple[str, Answered[T] | RemoteError]]:
    """Each server's name with its answer, or with why there is none. Nobody is asked anything.

    The server of this machine is asked by its control socket, unless it is one of the known ones.
    """
    roads = known_roads()
    answers: dict[str, Answered[T] | RemoteError] = {}

    def run(name: str, road: Road) -> None:
        try:
            with Client(road) as client:
                answers[name] = Answered(ask(client), client.fingerprint)
        except RemoteError as error:
            answers[name] = error

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in roads.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(ANSWER_WITHIN)
    late = TimedOut(f"it did not answer within {ANSWER_WITHIN:.0f} s")
    found = [(name, answers.get(name, late)) for name in roads]
    known = {each.fingerprint for name, each in found if isinstance(each, Answered) and name != _HERE}
    return [
        (name, each)
        for name, each in found
        if name != _HERE or not isinstance(each, Answered) or each.fingerprint not in known
    ]


_HERE = "this machine"


def known_roads() -> dict[str, Road]:
    """The way to every server that this machine trusts, and to its own if one runs here."""
    paths = find_paths()
    nobody_to_ask = Introduction(wait=0.0)
    roads: dict[str, Road] = {
        server.name: tls_road(server.name, nobody_to_ask, timeout=CONNECT_WITHIN, paths=paths)
        for server in KnownServers(paths.known_servers).all()
    }
    if paths.control_socket.exists():
        roads[_HERE] = LocalRoad(paths.control_socket, CONNECT_WITHIN)
    return roads
