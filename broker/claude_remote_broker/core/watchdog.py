"""Patience: what is done when a worker says nothing. At each tick."""

from __future__ import annotations

from claude_remote import bus
from claude_remote.messages import PromptState
from claude_remote_broker.core import outward
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.lease import Lease, Phase
from claude_remote_broker.core.session import Session


class Watchdog:
    """A silent worker is named silent, and killed only when somebody needs its session."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._last: float | None = None

    def tick(self) -> None:
        """Say to each worker that it is known, and look at how long each has said nothing."""
        now = self._context.now
        slept = 0.0 if self._last is None else now - self._last
        self._last = now
        stood_still = not 0 <= slept <= self._context.limits.own_pause
        self._context.errands.tick(stood_still=stood_still)
        for lease in self._context.workers.leases:
            if stood_still:
                # It was this program, or the machine, that stood still, or the clock was set.
                lease.heard = now
                lease.since = min(lease.since + max(slept, 0.0), now)
                lease.idle_since, lease.doing_since = min(lease.idle_since, now), min(lease.doing_since, now)
            session = self._context.sessions.get(lease.session)
            if lease.route is not None:
                self._context.workers.send(lease, bus.Beat(at=now))
            if session is not None and session.lease is lease and not lease.killed:
                outward.acknowledge(session, self._context)
                self._look(lease, session, now)

    def _look(self, lease: Lease, session: Session, now: float) -> None:
        limits, workers = self._context.limits, self._context.workers
        if lease.phase is Phase.STARTING:
            if now - lease.since > limits.start:
                workers.kill(lease, f"claude's worker did not report within {limits.start:.0f} seconds")
            return
        if lease.phase is Phase.AWAITED and not lease.launched:
            if now - lease.since > limits.adoption:
                workers.kill(lease, "claude's worker did not survive the restart of the server")
            return
        silence = now - lease.heard
        if silence > limits.silence and not lease.silent:
            lease.silent = True
            self._context.publisher.worker(lease)
        # One that is to end after its turn may take its time.
        ends = lease.phase is Phase.LEAVING and (session.row.turn is None or lease.release == "now")
        if ends and now - lease.since > limits.ending:
            workers.kill(lease, f"claude's worker did not end within {limits.ending:.0f} seconds")
        elif lease.silent and silence > limits.silence_of_needed and _is_needed(session):
            workers.kill(lease, f"claude's worker has been silent for {silence:.0f} seconds")


def _is_needed(session: Session) -> bool:
    """A prompt waits that the silent worker would have to take; a turn that runs is left alone."""
    return any(prompt.state is not PromptState.RUNNING for prompt in session.prompts.values())
