"""What the audit learns from a transaction, and from what was denied.

Everything else is one line where it happens: `context.record("kind", peer, session, outcome=…, what=…)`.
"""

from __future__ import annotations

from claude_remote.errors import OutsideRoots, RemoteError, RightMissing
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.draft import Draft
from claude_remote_broker.journal import ApprovalRow, PromptRow
from claude_remote_broker.ports import Peer

# A client that tries the same again and again is noted once in so many seconds.
_PAUSE = 60.0
_MOST_NOTED = 1_000


def stored(draft: Draft, context: Context) -> None:
    """A transaction is on disk; the session's state is still the one before."""
    if draft.creates:
        _session_begun(draft, context)
    for prompt in draft.prompts.values():
        if prompt.id in draft.texts:
            _prompted(draft, prompt, context)
        if prompt.ended:
            context.record(
                "prompt-ended",
                _who(prompt),
                draft.session,
                outcome=prompt.state.value,
                prompt=prompt.id,
                reason=prompt.reason,
            )
    for approval in draft.approvals.values():
        _approval(draft, draft.session.approvals.get(approval.id), approval, context)


def _who(row: PromptRow) -> Peer:
    return Peer.known(row.client, row.client_name, row.address)


def _session_begun(draft: Draft, context: Context) -> None:
    row = draft.row
    who = Peer.known(row.client, row.client_name)
    context.record(
        "session-begun",
        who,
        draft.session,
        cwd=row.cwd,
        options=" ".join(row.options),
        mode=row.mode or "",
        fork_of=row.fork_of or "",
    )


def _prompted(draft: Draft, prompt: PromptRow, context: Context) -> None:
    context.record(
        "prompt",
        _who(prompt),
        draft.session,
        outcome="accepted",
        text=draft.texts[prompt.id],
        prompt=prompt.id,
        options=" ".join(prompt.options or ()),
        mode=prompt.mode or "",
        steers="yes" if prompt.now else "",
    )


def _approval(draft: Draft, before: ApprovalRow | None, now: ApprovalRow, context: Context) -> None:
    """Each step, also when several came in one transaction."""
    session, approval, tool = draft.session, now.id, now.tool
    if before is None:
        text = now.summary.encode("utf-8", "replace")
        context.record(
            "approval-opened", None, session, outcome="open", text=text, approval=approval, tool=tool
        )
    decision = now.decision
    if decision is not None and (before is None or before.decision is None):
        context.record(
            "decision",
            Peer.known(decision.client, decision.by, decision.address),
            session,
            outcome=decision.behavior.value,
            text=decision.message.encode("utf-8", "replace") if decision.message else None,
            scope="rule" if decision.rule else "session" if decision.for_session else "once",
            rule=decision.rule,
            mode=decision.mode,
            stop="yes" if decision.stop else "",
            changed_input="yes" if decision.input else "",
            approval=approval,
            tool=tool,
        )
    if now.state not in {"open", "decided"} and (before is None or before.state != now.state):
        outcome = now.reason or "done"
        context.record(f"approval-{now.state}", None, session, outcome=outcome, approval=approval, tool=tool)


class Denials:
    """What was asked for and not allowed: noted, but not as often as a client can try."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._noted: dict[tuple[str, str, str], float] = {}

    def note(self, peer: Peer, request: str, error: RemoteError) -> None:
        """A request failed; only what was denied counts."""
        if not isinstance(error, RightMissing | OutsideRoots):
            return
        key, now = (peer.fingerprint, request, error.code), self._context.now
        if 0 <= now - self._noted.get(key, -_PAUSE) < _PAUSE:  # clocks are set back
            return
        if len(self._noted) >= _MOST_NOTED:
            self._noted.clear()
        self._noted[key] = now
        right = error.detail.get("right", "")
        self._context.record(
            "denied", peer, outcome=error.code, request=request, right=right, why=error.message
        )
