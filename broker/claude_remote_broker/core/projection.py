"""What the facts of a log mean for what is known: the one place where the broker reads a log."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from claude_remote import facts
from claude_remote.messages import MAX_FOLDER, PromptState
from claude_remote_broker.core.words import cut
from claude_remote_broker.journal import ApprovalRow, ApprovalStep, PromptRow, SessionRow, Turn
from claude_remote_broker.ports import Row

if TYPE_CHECKING:
    from claude_remote_broker.core.draft import Draft

_log = logging.getLogger(__name__)

_OUTCOMES = {
    "done": PromptState.DONE,
    "interrupted": PromptState.INTERRUPTED,
    "void": PromptState.VOID,
}
# Letters of all that is allowed for one session: what is more is asked again.
_ROOM_FOR_RULES = 16 * 1024
# An approval only ever moves on; a step that comes late or twice changes nothing.
_STEPS: tuple[ApprovalStep, ...] = ("open", "decided", "delivered", "taken", "finished", "void")


def read(draft: Draft, row: Row) -> None:
    """Draw from a batch of facts what they say. A line that is no fact we know says nothing."""
    for seq, line in enumerate(row.lines.split(b"\n")[:-1], row.first):
        try:
            fact = facts.decode(line)
        except msgspec.DecodeError as error:
            _log.warning("session %s, event %d is not a fact: %s", draft.session.id, seq, error)
            continue
        _apply(draft, fact, seq, row.at)


def _apply(draft: Draft, fact: facts.AnyFact, seq: int, at: float) -> None:
    match fact:
        case facts.ClaudeStarted():
            draft.row = replace(
                draft.row,
                claude=True,
                claude_pid=max(fact.pid, 0),
                claude_session=cut(fact.claude_session, 64),
                background=0,
            )
        case facts.ClaudeExited():
            _claude_exited(draft, fact, seq)
        case facts.TurnStarted():
            _turn_started(draft, fact, seq)
        case facts.Steered():
            _steered(draft, fact, seq)
        case facts.TurnFinished():
            _turn_finished(draft, fact, seq)
        case facts.SessionChanged():
            _session_changed(draft, fact)
        case facts.ApprovalOpened():
            _approval_opened(draft, fact, seq, at)
        case facts.ClaudeReady() | facts.Notice() | facts.BackgroundChanged() | facts.RulesAdded():
            _claude(draft, fact)
            return
        case facts.Prompted():
            return
        case _:
            _approval(draft, fact)
    draft.touch(at)


def without_claude(row: SessionRow) -> SessionRow:
    """A session whose claude has ended."""
    return replace(row, claude=False, claude_pid=0, starting=False, background=0)


def _claude(draft: Draft, fact: facts.AnyFact) -> None:
    """What concerns the claude of a session, and is no news of the conversation."""
    match fact:
        case facts.ClaudeReady():
            draft.row = replace(draft.row, starting=False)
        case facts.BackgroundChanged(tasks=tasks):
            draft.row = replace(draft.row, background=max(tasks, 0))
        case facts.RulesAdded(rules=rules):
            draft.row = replace(draft.row, rules=_bounded([*draft.row.rules, *rules]))


def _bounded(rules: list[str]) -> tuple[str, ...]:
    """The latest of them, each once: every change of a session writes them anew."""
    kept: list[str] = []
    room = _ROOM_FOR_RULES
    for rule in reversed(dict.fromkeys(rules)):
        if len(rule) <= room:
            room -= len(rule)
            kept.append(rule)
    return tuple(reversed(kept))


def _claude_exited(draft: Draft, fact: facts.ClaudeExited, seq: int) -> None:
    draft.row = without_claude(draft.row)
    if not fact.refused:
        return
    draft.row = replace(draft.row, outcome="error", reason=cut(fact.reason))
    for prompt in [*draft.open_prompts()]:
        begins = _begins(prompt, seq)
        draft.put(replace(prompt, state=PromptState.VOID, begins=begins, ends=seq, reason=cut(fact.reason)))


def _approval(draft: Draft, fact: facts.AnyFact) -> None:
    match fact:
        case facts.ApprovalDelivered():
            _approval_moved(draft, fact.approval, "delivered")
        case facts.ApprovalTaken():
            _approval_moved(draft, fact.approval, "taken")
        case facts.ToolFinished():
            _approval_moved(draft, fact.approval, "finished", "failed" if fact.error else "")
        case facts.ApprovalVoid():
            _approval_moved(draft, fact.approval, "void", fact.reason)


def _turn_started(draft: Draft, fact: facts.TurnStarted, seq: int) -> None:
    draft.row = replace(draft.row, turn=Turn(prompt=fact.prompt))
    prompt = draft.prompt(fact.prompt) if fact.prompt is not None else None
    if prompt is not None and not prompt.ended:
        draft.put(replace(prompt, state=PromptState.RUNNING, begins=_begins(prompt, seq)))


def _steered(draft: Draft, fact: facts.Steered, seq: int) -> None:
    prompt = draft.prompt(fact.prompt)
    if prompt is not None and not prompt.ended and draft.row.turn is not None:
        draft.put(replace(prompt, state=PromptState.RUNNING, steered=True, begins=_begins(prompt, seq)))


def _begins(prompt: PromptRow, seq: int) -> int:
    return seq - 1 if prompt.begins is None else prompt.begins


def _turn_finished(draft: Draft, fact: facts.TurnFinished, seq: int) -> None:
    words = cut(fact.last_words)
    running = draft.row.turn
    began = fact.outcome != "void"
    draft.row = replace(
        draft.row,
        # What never began does not end what runs.
        turn=None if began or running is None or running.prompt == fact.prompt else running,
        starting=draft.row.starting and not began,
        turns=draft.row.turns + began,
        cost=draft.row.cost + max(fact.cost, 0.0),
        last_words=words or draft.row.last_words,
    )
    if began or fact.error:
        outcome = "error" if fact.error and fact.outcome != "interrupted" else fact.outcome
        draft.row = replace(draft.row, outcome=outcome, reason=cut(fact.reason))
    if words:
        draft.said.append(fact.answer[: facts.MAX_ANSWER] or words)
    prompt = draft.prompt(fact.prompt) if fact.prompt is not None else None
    if prompt is not None and not prompt.ended:
        ended = _end(prompt, fact, seq)
        draft.put(replace(ended, cost=max(fact.cost, 0.0), duration=max(fact.duration, 0.0)))
    if draft.row.turn is None:
        for steered in [*draft.open_prompts()]:
            if steered.steered:
                draft.put(_end(steered, fact, seq))


def _end(prompt: PromptRow, fact: facts.TurnFinished, seq: int) -> PromptRow:
    return replace(
        prompt,
        state=_OUTCOMES[fact.outcome],
        begins=_begins(prompt, seq),
        ends=seq,
        reason=cut(fact.reason),
    )


def _approval_opened(draft: Draft, fact: facts.ApprovalOpened, seq: int, at: float) -> None:
    if draft.approval(fact.approval) is None:
        row = ApprovalRow(
            id=fact.approval,
            session=draft.session.id,
            tool=cut(fact.tool),
            summary=cut(fact.summary),
            seq=seq,
            since=at,
            client_name=_prompting(draft),
            agent=cut(fact.agent),
            guarded=fact.guarded,
        )
        draft.put_approval(row)
        draft.asked.append(fact)


def _prompting(draft: Draft) -> str:
    turn = draft.row.turn
    prompt = None if turn is None or turn.prompt is None else draft.prompt(turn.prompt)
    return "" if prompt is None else prompt.client_name


def _approval_moved(draft: Draft, approval: str, state: ApprovalStep, reason: str = "") -> None:
    row = draft.approval(approval)
    if row is not None and not row.ended and _STEPS.index(state) > _STEPS.index(row.state):
        draft.put_approval(replace(row, state=state, reason=cut(reason)))


def _session_changed(draft: Draft, fact: facts.SessionChanged) -> None:
    row = draft.row
    draft.row = replace(
        row,
        claude_session=cut(fact.claude_session, 64) if fact.claude_session else row.claude_session,
        mode=cut(fact.mode, 64) if fact.mode is not None else row.mode,
        model=cut(fact.model) if fact.model is not None else row.model,
        cwd=fact.cwd if fact.cwd and len(fact.cwd) <= MAX_FOLDER else row.cwd,
    )
