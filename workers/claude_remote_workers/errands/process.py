"""The process of an errand, from its fork to its end."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from claude_remote import bus, codec, direct, messages, processes
from claude_remote.errors import InternalError, RemoteError, UnknownMessage
from claude_remote.launch import Fork
from claude_remote_workers.complaints import complain
from claude_remote_workers.errands import kinds
from claude_remote_workers.errands.base import Task, find_kind
from claude_remote_workers.errands.channel import Channel, Dismissed
from claude_remote_workers.errands.direct import Offered
from claude_remote_workers.nursery import KEPT
from claude_remote_workers.prctl import adopt_orphans

_REQUEST = cast("type[messages.Message]", messages.FromClient)
_TREE_PATIENCE = 3.0  # seconds for killed processes to be gone

kinds.load()


class ErrandProcess:
    """`told` is called with the marker that everything it starts will carry, before it starts anything."""

    def __init__(self, fork: Fork, environment: Mapping[str, str], told: Callable[[str], None]) -> None:
        adopt_orphans()
        own = processes.find_process(os.getpid())
        self._fork = fork
        self._environment = environment
        # No session is called as a process is.
        self._marker = processes.lease_marker(fork.state_id, fork.worker, 0)
        self._told = told
        self._channel = Channel(fork, 0.0 if own is None else own.started)
        self._leaves_processes = False

    def run(self) -> int:
        """Do what it was started for. Returns the exit status."""
        try:
            begin, payload = self._channel.open()
            task = self._task(begin, payload)
            error = self._carry_out(begin, task)
            self._end_processes()
            self._channel.say_over(error, task.outcome)
        except Dismissed:
            self._end_processes()
        self._channel.close()
        return 0

    def _carry_out(self, begin: bus.Begin, task: Task) -> RemoteError | None:
        try:
            request = codec.unpack(begin.request, _REQUEST)
            carry_out = find_kind(request) if isinstance(request, messages.Errand) else None
            if carry_out is None:
                return UnknownMessage(f"this server has no errand for {type(request).__name__}")
            self._mark(request)
            carry_out(task, request)
        except Dismissed:
            raise
        except RemoteError as error:
            return error
        except Exception:  # noqa: BLE001  whatever it is, the client is told, and the log says more
            complain(traceback.format_exc())
            return InternalError()
        return None

    def _mark(self, request: messages.Message) -> None:
        self._leaves_processes = isinstance(request, messages.Errand) and request.leaves_processes
        self._told(KEPT + self._marker if self._leaves_processes else self._marker)

    def _task(self, begin: bus.Begin, payload: bytes) -> Task:
        return Task(
            channel=self._channel,
            payload=payload,
            client=begin.client,
            roots=begin.roots,
            private=self._fork.private,
            cwd=begin.cwd,
            environment=self._environment,
            marker=self._marker,
            claude=self._fork.claude,
            direct=self._offered(begin.certificate),
        )

    def _offered(self, client: bytes) -> Offered | None:
        if not client:
            return None
        handover = direct.handover_path(Path(self._fork.bus), self._fork.worker)
        return Offered(handover, client, self._channel.offer_direct)

    def _end_processes(self) -> None:
        """All that is below it, for orphans are adopted, and what carries its marker."""
        if self._leaves_processes:
            return
        left = processes.kill_tree(processes.below((os.getpid(),)), self._marker, _TREE_PATIENCE)
        if left:
            complain(f"processes do not end: {', '.join(str(process.pid) for process in left)}")
