"""What a session should do next: which prompt is given to claude, and whether a worker is needed for it."""

from __future__ import annotations

from hashlib import sha256

from msgspec.structs import replace

from claude_remote.errors import RightMissing
from claude_remote.messages import PromptState
from claude_remote.rights import Right
from claude_remote_broker.core import gate
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.draft import Draft
from claude_remote_broker.core.lease import Lease, Phase
from claude_remote_broker.core.words import cut
from claude_remote_broker.journal import LeaseRow, PromptRow, SessionRow

# Further ahead lies only what a clock says that has been set back since.
_LONGEST_PAUSE = 60.0


def advance(draft: Draft, context: Context) -> None:
    """Decide the next step and make it part of the transaction. Called for every one, and decides anew."""
    session = draft.session
    if context.stopping or context.draining:
        context.pool.leave(session)
        return
    head = _next_prompt(draft, context)
    if draft.row.lease is None:
        if (head is None and not session.wanted) or 0 < session.not_before - context.now <= _LONGEST_PAUSE:
            context.pool.leave(session)
        elif context.pool.enter(session, prompted=head is not None):
            _begin_lease(draft, head, context)
    elif head is not None:
        _dispatch(draft, head, context)
    else:
        _steer(draft, context)


def _next_prompt(draft: Draft, context: Context) -> PromptRow | None:
    """The prompt whose turn it is, less those of clients that may not prompt any more."""
    while (head := draft.head()) is not None:
        reason = why_not(head, draft.row, context)
        if not reason:
            break
        draft.put(replace(head, state=PromptState.VOID, reason=reason))
    if head is not None and head.begins is None:
        # What comes from here on is for this prompt: claude's start, then its turn.
        head = replace(head, begins=draft.tail)
        draft.put(head)
    return head


def why_not(prompt: PromptRow, session: SessionRow, context: Context) -> str:
    """Why a prompt may not be claude's, though it was accepted: rights and modes change meanwhile."""
    rights = gate.rights_of(prompt.client, context.clients)
    if Right.PROMPT not in rights:
        return "The right to prompt was taken from this client."
    if session.client != prompt.client and Right.VIEW not in rights:
        return "The right to see the sessions of others was taken from this client."
    if not gate.is_held(session.cwd, gate.roots_of(prompt.client, context.clients)):
        return "The folder of this session was taken from this client."
    row = _as_asked(session, prompt)
    try:
        gate.check_setup(row.options, row.mode, rights)
    except RightMissing as error:
        return cut(error.message)
    return ""


def _begin_lease(draft: Draft, head: PromptRow | None, context: Context) -> None:
    session = draft.session
    token = context.ids.token()
    worker = context.ids.worker()
    digest = sha256(token.encode()).hexdigest()
    if head is not None:
        draft.row = _as_asked(draft.row, head)
    epoch = draft.row.epoch + 1
    draft.row = replace(
        draft.row,
        epoch=epoch,
        starting=True,
        lease=LeaseRow(worker=worker, token_hash=digest, options=draft.row.options, model=draft.row.model),
    )
    lease = Lease(
        session=session.id,
        epoch=epoch,
        worker=worker,
        token_hash=digest,
        phase=Phase.STARTING,
        since=context.now,
        heard=context.now,
    )
    draft.lease = lease
    context.workers.add(lease)
    draft.then(lambda: context.workers.launch(lease, token))


def _as_asked(row: SessionRow, prompt: PromptRow) -> SessionRow:
    """The session with what this prompt asks for; what it does not name stays as it is."""
    options = row.options if prompt.options is None else prompt.options
    mode = row.mode if prompt.mode is None else prompt.mode
    # Claude names the model in full where a user says "opus": what it was started with is the same, too.
    started_with = None if row.lease is None else row.lease.model
    model = row.model if prompt.model in {None, started_with} else prompt.model
    if (options, mode, model) == (row.options, row.mode, row.model):
        return row
    return replace(row, options=options, mode=mode, model=model)


def _dispatch(draft: Draft, head: PromptRow, context: Context) -> None:
    """Give the prompt to the worker: by its state, which the worker is told when that is stored."""
    session, row = draft.session, draft.row
    lease = session.lease
    if lease is None or row.lease is None or not lease.usable or draft.over is not None:
        return
    asked = _as_asked(row, head)
    if asked is not row:
        # Claude takes its options at its start: this one ends, and the prompt waits for the next.
        draft.row = asked
        draft.then(lambda: context.workers.release(session, "park"))
        return
    draft.put(replace(head, state=PromptState.DISPATCHING, epoch=row.epoch))


def _steer(draft: Draft, context: Context) -> None:
    """Give the prompts that are meant for the running turn to the worker; one that is stopped takes none."""
    lease = draft.session.lease
    if draft.row.turn is None or lease is None or not lease.usable or draft.over is not None:
        return
    if lease.stop is not None:
        return
    for prompt in [*draft.open_prompts()]:
        if prompt.now and prompt.state is PromptState.QUEUED:
            reason = why_not(prompt, draft.row, context)
            draft.put(
                replace(prompt, state=PromptState.VOID, reason=reason)
                if reason
                else replace(prompt, state=PromptState.DISPATCHING, epoch=draft.row.epoch)
            )
