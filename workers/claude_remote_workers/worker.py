"""A worker: one lease, one claude, one plain poll loop over the bus, claude's pipes and signals.

Its life: Ready, Welcome, Lease; then claude until it ends by itself or by Release, SIGTERM or a broker that
does not come back; then everything that is left of claude's processes is killed, every event acknowledged,
Gone, and exit.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Container, Mapping
from pathlib import Path

import zmq

from claude_remote import bus, processes
from claude_remote.envelope import Envelope
from claude_remote.launch import Fork
from claude_remote_workers.link import Link
from claude_remote_workers.prctl import adopt_orphans
from claude_remote_workers.spill import Spill
from claude_remote_workers.wakeup import Wakeup, ended_children
from claude_remote_workers.work import Work

SPILL_AT_MOST = 4 * 1024**3
_LAST_CALL = 2.0  # seconds that a worker which was told to end now waits for the last acknowledgements
_LONGEST_POLL = 10.0


class Worker:
    """`told` is called with the lease's marker, once claude is about to carry it."""

    def __init__(self, fork: Fork, environment: Mapping[str, str], told: Callable[[str], None]) -> None:
        adopt_orphans()
        self._fork = fork
        self._environment = environment
        self._told = told
        self._wakeup = Wakeup((signal.SIGCHLD, signal.SIGTERM, signal.SIGINT))
        self._poller = zmq.Poller()
        self._poller.register(self._wakeup.descriptor, zmq.POLLIN)
        own = processes.find_process(os.getpid())
        self._started = own.started if own is not None else 0.0
        self._link = Link(fork.bus, self._introduce, self._poller, self._vitals)
        self._lived_without_broker_since = time.monotonic()
        self._ordered_out: float | None = None  # when it was told to end now
        self._work: Work | None = None
        self._left = False

    def run(self) -> int:
        """Work until the end. Returns the exit status."""
        self._link.renew(time.monotonic())
        while not self._left:
            ready = self._wait()
            now = time.monotonic()
            if self._link.is_among(ready):
                for envelope in self._link.receive(now):
                    self._obey(envelope, now)
            if self._wakeup.descriptor in ready:
                self._look_at_signals(now)
            if self._work is not None:
                self._work.read(ready, now)
                # What claude says comes first: somebody waits for it.
                self._hand_over(self._work)
                self._work.tick(now)
                self._hand_over(self._work)
            self._link.tick(now)
            self._consider_leaving(now)
        if self._work is not None:
            self._work.close()
        self._link.close()
        self._wakeup.close()
        return 0

    def _wait(self) -> Container[object]:
        """Wait; which descriptors and sockets have something."""
        now = time.monotonic()
        deadlines = [self._link.next_deadline, now + _LONGEST_POLL]
        if self._work is not None:
            deadlines.append(self._work.next_deadline)
        # Rounded up: a loop that wakes just too early would spin.
        return dict(self._poller.poll(max(0, int((min(deadlines) - now) * 1000) + 1)))

    # --- the broker ---

    def _introduce(self) -> bus.Ready:
        work = self._work
        if work is None:
            return bus.Ready(
                token=self._fork.token, worker=self._fork.worker, pid=os.getpid(), started=self._started
            )
        return bus.Ready(
            token=self._fork.token,
            worker=self._fork.worker,
            pid=os.getpid(),
            started=self._started,
            session=work.lease.session,
            epoch=work.lease.epoch,
            acked=work.outbox.acked,
            next=work.outbox.next,
            prompts=work.conversation.prompts,
            decisions=work.conversation.decisions,
        )

    def _vitals(self, now: float) -> bus.Beat:
        return bus.Beat() if self._work is None else self._work.vitals(now)

    def _obey(self, envelope: Envelope, now: float) -> None:
        verb = envelope.verb
        work = self._work
        if isinstance(verb, bus.Lease):
            if work is None and self._ordered_out is None:
                self._work = self._begin(verb, now)
        elif work is None:
            return
        elif isinstance(verb, bus.Welcome):
            work.outbox.send_again(verb.acked)
        elif (verb_lease := _lease_of(verb)) is not None and verb_lease == work.identity:
            work.obey(verb, envelope.payload, now)

    def _begin(self, lease: bus.Lease, now: float) -> Work:
        marker = processes.lease_marker(self._fork.state_id, lease.session, lease.epoch)
        self._told(marker)
        spill = Spill(Path(self._fork.spill), lease.session, lease.epoch, SPILL_AT_MOST)
        work = Work(lease, marker, spill, self._poller, self._link)
        work.start(self._fork.claude, self._fork.private, self._environment, now)
        return work

    def _hand_over(self, work: Work) -> None:
        if self._link.welcomed:
            for batch, lines in work.outbox.take():
                self._link.send(batch, lines)

    # --- signals, and the end ---

    def _look_at_signals(self, now: float) -> None:
        came = self._wakeup.take()
        if signal.SIGTERM in came and self._ordered_out is None:
            self._order_out(now)
        if signal.SIGCHLD in came:
            self._reap()

    def _reap(self) -> None:
        for pid, status in ended_children():
            if self._work is not None:
                self._work.reaped(pid, status)

    def _order_out(self, now: float) -> None:
        self._ordered_out = now
        if self._work is not None:
            self._work.release("now", now)

    def _consider_leaving(self, now: float) -> None:
        work = self._work
        silent = now - max(self._link.heard, self._lived_without_broker_since)
        if work is None:
            self._left = self._ordered_out is not None or silent > self._fork.patience
        elif not work.conversation.over:
            if silent > self._fork.patience and not work.conversation.turns.busy:
                work.release("park", now)
        elif work.outbox.empty and self._link.welcomed:
            self._link.send(bus.Gone(session=work.lease.session, epoch=work.lease.epoch))
            self._left = True
        else:
            patience = self._fork.patience if not work.released_now else max(_LAST_CALL, bus.DEAD_AFTER)
            if max(silent, 0.0) > patience or (
                self._ordered_out is not None and now > work.over_since + _LAST_CALL
            ):
                self._left = True


def _lease_of(verb: bus.Verb) -> tuple[str, int] | None:
    if isinstance(verb, bus.Ack | bus.Give | bus.Verdict | bus.Stop | bus.Ask | bus.Look | bus.Release):
        return verb.session, verb.epoch
    return None
