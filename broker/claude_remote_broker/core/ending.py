"""The end of a lease: what its worker left unsaid, the broker says."""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from claude_remote import facts
from claude_remote.messages import PromptState
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.draft import Draft
from claude_remote_broker.core.lease import Lease, Phase
from claude_remote_broker.core.projection import without_claude
from claude_remote_broker.core.words import sentence
from claude_remote_broker.journal import PromptRow


class LeaseOver:
    """The worker and its tree are proven gone. What ran is interrupted, what had not begun is queued again.

    The facts are written under the next epoch, so nothing of the old worker's can come between.
    """

    def __init__(self, context: Context, lease: Lease, reason: str) -> None:
        self._context = context
        self._lease = lease
        self._reason = reason
        self._words = sentence(reason)
        self._began = lease.phase not in {Phase.STARTING, Phase.AWAITED}
        self._expected = lease.release is not None
        self._complete = lease.complete

    def apply(self, draft: Draft) -> None:
        """End what is open, and give the session up."""
        now = self._context.now
        ran = draft.row.turn
        written: list[facts.Fact] = [
            facts.ApprovalVoid(approval=approval.id, reason=self._reason)
            for approval in draft.open_approvals()
        ]
        for prompt in [*draft.open_prompts()]:
            if prompt.steered and ran is not None:
                continue  # it ends with the turn that it is a part of
            fact = self._end(draft, prompt)
            if fact is not None:
                written.append(fact)
        if ran is not None and not any(
            isinstance(fact, facts.TurnFinished) and fact.prompt == ran.prompt for fact in written
        ):
            written.append(facts.TurnFinished(prompt=ran.prompt, outcome="interrupted", reason=self._words))
        if draft.row.claude:
            written.append(facts.ClaudeExited(code=None, expected=self._expected, reason=self._words))
        if draft.row.closed is not None:
            written.append(closed_by(draft.row.closed))
        draft.row = replace(draft.row, epoch=draft.row.epoch + 1, lease=None)
        draft.write(written, now)
        draft.row = replace(without_claude(draft.row), turn=None)
        draft.over = self._lease
        controls, expected = self._context.controls, self._expected
        draft.then(lambda: controls.lease_over(draft.session, self._reason, expected=expected))

    def failed(self, reason: str) -> bool:  # noqa: ARG002  it must be stored whatever it was
        """Try again."""
        return True

    def _end(self, draft: Draft, prompt: PromptRow) -> facts.Fact | None:
        """What becomes of a prompt: a fact when it has ended."""
        if prompt.state is PromptState.RUNNING:
            return facts.TurnFinished(prompt=prompt.id, outcome="interrupted", reason=self._words)
        given = prompt.state is PromptState.DISPATCHING
        if given and prompt.taken_back:
            return self._end_taken_back(draft, prompt)
        if not given and (self._began or self._expected or prompt.begins is None):
            return None
        if self._expected:
            draft.put(replace(prompt, state=PromptState.QUEUED, again=True))
            return None
        attempts = prompt.attempts + 1
        if attempts >= self._context.limits.attempts:
            words = f"{self._words} This was tried {attempts} times."
            # The last of them may have given it to claude, and nobody looks whether it has.
            outcome: Literal["interrupted", "void"] = "interrupted" if given or prompt.again else "void"
            return facts.TurnFinished(prompt=prompt.id, outcome=outcome, error=True, reason=words)
        draft.put(replace(prompt, state=PromptState.QUEUED, attempts=attempts, again=prompt.again or given))
        pause = attempts * self._context.limits.retry_pause
        draft.session.not_before = self._context.now + pause
        self._context.workers.try_again(draft.session, draft.session.not_before)
        return None

    def _end_taken_back(self, draft: Draft, prompt: PromptRow) -> facts.Fact | None:
        """It was given to the worker all the same, which would have told that it began, if it could."""
        if self._complete:
            draft.put(replace(prompt, state=PromptState.VOID, reason=prompt.taken_back))
            return None
        words = f"{sentence(prompt.taken_back)} It may have begun before that."
        return facts.TurnFinished(prompt=prompt.id, outcome="interrupted", reason=words)


def closed_by(name: str) -> facts.Notice:
    """What a session's readers are told when it is closed."""
    return facts.Notice(level="info", text=f"Closed by {name}.")
