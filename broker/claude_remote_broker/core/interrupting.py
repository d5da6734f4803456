"""Stopping a turn, and taking back prompts that wait."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from claude_remote import bus
from claude_remote.messages import PromptState
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.draft import Draft
from claude_remote_broker.core.lease import Lease
from claude_remote_broker.core.session import Session
from claude_remote_broker.journal import PromptRow


def stop(session: Session, prompt: str | None, context: Context) -> None:
    """End the turn that runs, if it is that of `prompt` (None: whatever runs). Asked until it has ended."""
    lease = session.lease
    if lease is None or (session.row.turn is None and session.current is None):
        return
    lease.stop, lease.stop_of = prompt or "", (session.doing, session.row.turns)
    context.workers.send(lease, bus.Stop(session=session.id, epoch=lease.epoch, prompt=prompt))


def look(session: Session, lease: Lease) -> None:
    """Once what was to be stopped has ended it must not be asked any more: what comes after it runs."""
    if lease.stop is None:
        return
    if (session.doing, session.row.turns) != lease.stop_of and lease.stop not in session.prompts:
        lease.stop = None


class Withdrawal:
    """Prompts that wait are taken back; those that claude has been given are left alone."""

    def __init__(self, reason: str, which: Callable[[PromptRow], bool]) -> None:
        self._reason = reason
        self._which = which

    def apply(self, draft: Draft) -> None:
        """They end without a turn."""
        for prompt in [*draft.open_prompts()]:
            if prompt.state is PromptState.QUEUED and self._which(prompt):
                draft.put(replace(prompt, state=PromptState.VOID, reason=self._reason))

    def failed(self, reason: str) -> bool:  # noqa: ARG002  it must be stored whatever it was
        """Try again."""
        return True
