"""Questions that a standing rule answers, in the transaction in which they open."""

from __future__ import annotations

from functools import partial

from msgspec.structs import replace

from claude_remote.messages import Behavior
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.draft import Draft
from claude_remote_broker.journal import DecisionRow


def answer(draft: Draft, context: Context) -> None:
    """Nobody is asked what a rule answers: it opens and is decided at once."""
    for fact in draft.asked:
        row = draft.approvals.get(fact.approval)
        rule = context.rules.find_answer(draft, fact) if row is not None and row.state == "open" else None
        if row is None or rule is None:
            continue
        decision = DecisionRow(
            behavior=Behavior.ALLOW, by=rule.client_name, client=rule.client, at=context.now, rule=rule.id
        )
        draft.put_approval(replace(row, state="decided", decision=decision))
        draft.then(partial(context.rules.used, rule.id))
