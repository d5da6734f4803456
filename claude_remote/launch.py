"""What the broker and the zygote say to each other, over a stream socket in the private run folder.

Frames as in claude_remote.framing, one message each. The zygote forks workers, reaps them, and kills what
they leave behind; it outlives the broker, and a new broker finds it by its socket and asks who is there.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct


class Order(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """Broker to zygote."""


class Fork(Order, frozen=True, kw_only=True, tag="fork"):
    """Start a worker. Payload: the environment for its claude, a msgpack map of text to text.

    Answered by Forked. `token` proves to the broker that the worker is this one. Paths: `bus` the ROUTER's
    socket, `spill` the folder for events that cannot be handed over, `claude` the program to run, `private`
    the folders that its tools shall not touch. `state_id` begins the lease marker of claude's environment.
    """

    worker: str
    token: str
    bus: str
    spill: str
    claude: str
    state_id: str
    private: tuple[str, ...] = ()
    patience: float = 600.0  # seconds that a worker waits for a broker before it ends itself
    errand: bool = False  # it is to run an errand, and has no claude


class Kill(Order, frozen=True, kw_only=True, tag="kill"):
    """Kill a worker and every process below it. Answered by Exited when all of them are seen gone."""

    worker: str


class List(Order, frozen=True, kw_only=True, tag="list"):
    """Answered by Workers."""


class Quit(Order, frozen=True, kw_only=True, tag="quit"):
    """Kill all workers and end. The socket closes when it is done."""


class Report(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """Zygote to broker."""


class Forked(Report, frozen=True, kw_only=True, tag="forked"):
    """The worker runs. `started` is its start time as the kernel gives it, seconds since the boot."""

    worker: str
    pid: int
    started: float


class ForkFailed(Report, frozen=True, kw_only=True, tag="fork-failed"):
    """The worker could not be started."""

    worker: str
    reason: str


class Exited(Report, frozen=True, kw_only=True, tag="exited"):
    """The worker and everything below it are gone. `status` as os.waitstatus_to_exitcode gives it."""

    worker: str
    pid: int
    status: int


class Workers(Report, frozen=True, kw_only=True, tag="workers"):
    """Every worker that lives, and what this zygote is."""

    version: str
    pid: int
    workers: tuple[Forked, ...]
    build: str = ""  # what the broker that executed it has called its code


AnyOrder: TypeAlias = Fork | Kill | List | Quit
AnyReport: TypeAlias = Forked | ForkFailed | Exited | Workers
