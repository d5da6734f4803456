"""Which of claude's pipes the poll loop looks at."""

from __future__ import annotations

import zmq

from claude_remote_workers.claude import Claude


class Pipes:
    """Keeps a poller's registrations in step with the pipes that are open."""

    def __init__(self, poller: zmq.Poller) -> None:
        self._poller = poller
        self._watched: dict[int, int] = {}

    def watch(self, claude: Claude | None, *, read: bool) -> None:
        """Look at these from now on. Without `read` its output is left in the pipe."""
        wanted: dict[int, int] = {}
        if claude is not None:
            if claude.stdout is not None and read:
                wanted[claude.stdout] = zmq.POLLIN
            if claude.stderr is not None:
                wanted[claude.stderr] = zmq.POLLIN
            if claude.stdin is not None:
                wanted[claude.stdin] = zmq.POLLOUT
        if wanted == self._watched:
            return
        for descriptor in self._watched.keys() - wanted.keys():
            self._poller.unregister(descriptor)
        for descriptor, events in wanted.items():
            self._poller.register(descriptor, events)
        self._watched = wanted
