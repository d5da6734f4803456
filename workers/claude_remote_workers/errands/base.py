"""What a kind of errand is made of.

To add one:

1. In `claude_remote/messages/`, a Struct derived from `Errand` (or `FolderErrand`, whose `cwd` the broker
   checks against the client's roots): the request, with a tag of its own. Put it into `requests.Request` and,
   with the right it needs, into `requests.NEEDS`. The broker needs nothing else; it passes it on unread.
   Headers of parcels are Structs of your own (a union with a tag); bulk goes into payloads of at most PARCEL.
2. In `claude_remote_workers/errands/kinds/`, a module that is imported by itself:

       @carries_out(messages.Listing)
       def list_folder(task: Task, request: messages.Listing) -> None:
           for part in ...:
               task.channel.send(Entries(...), part)

   It is a process of its own, and may block: on the disk, in `channel.send` until the client has room, in
   `channel.receive` until a parcel comes. What it returns from is done; a RemoteError goes to the client as
   it is; any other exception is logged and goes there as `internal`. Dismissed is raised in it, by whatever
   method of the channel it is in, when its client or broker is gone or the client has cancelled: clean up in
   `finally`, and let it pass. Who computes long without the channel calls `channel.breathe()` now and then:
   at least every few seconds. Whatever processes it leaves behind are killed.
3. On the client's side: `client.run_errand(request, payload)`; see claude_remote.client.errands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from claude_remote.messages import Errand
from claude_remote_workers.errands.channel import Channel
from claude_remote_workers.errands.direct import Offered

R = TypeVar("R", bound=Errand)
CarryOut: TypeAlias = Callable[["Task", R], None]

_kinds: dict[type[Errand], CarryOut[Any]] = {}


@dataclass
class Task:
    """What an errand is given besides its request.

    `payload`: the request's. `client`: the name of who asks. `roots`: real paths of the folders that it may
    use (empty: all), `private`: those of claude-remote itself, which nobody may touch. `cwd`: the real path
    of the request's folder, if it is a FolderErrand. `environment`: the server's for claude, `marker`: the
    value of LEASE_VARIABLE for every process that shall end with the errand (of BACKGROUND_VARIABLE if its
    request leaves_processes). `claude`: the program that the server runs. `direct`: the direct connection
    that may be offered to the client, if it can have one. `outcome`: what the audit is told of its end; the
    broker knows which names.
    """

    channel: Channel
    payload: bytes
    client: str
    roots: tuple[str, ...]
    private: tuple[str, ...]
    cwd: str
    environment: Mapping[str, str] = field(repr=False)
    marker: str
    claude: str = ""
    direct: Offered | None = None
    outcome: dict[str, str] = field(default_factory=dict)


def carries_out(request: type[R]) -> Callable[[CarryOut[R]], CarryOut[R]]:
    """Register a function for a request."""

    def register(function: CarryOut[R]) -> CarryOut[R]:
        _kinds[request] = function
        return function

    return register


def find_kind(request: Errand) -> CarryOut[Any] | None:
    """The function for this request."""
    return _kinds.get(type(request))
