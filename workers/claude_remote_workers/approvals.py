"""Claude's open questions (may I use this tool?), and how far each decision has come.

What proves that a decision was taken, found with Claude Code 2.1.330 driven by hand:
- With --replay-user-messages claude echoes our answer, as a `control_response` with the question's id, at the
  moment it applies it, before anything else follows. An answer that comes too late (the question was
  withdrawn meanwhile) is not echoed. This is the strongest sign; 2.1.197 is not known to give it.
- Input is read in order: a control request written behind the answer (`get_binary_version`, cheap and without
  effects in both versions) is answered after the answer was read. Alone it proves the reading only: after an
  interrupt it is answered although the decision had no effect; but then the `control_cancel_request` comes
  before it. So it counts only while the question has not been withdrawn.
- `session_state_changed` leaves requires_action only when the last of several questions is answered, so it
  cannot tell which; it is not used.
- The tool's result proves it too.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import msgspec
from msgspec import Raw

from claude_remote import bus, facts
from claude_remote.messages import Behavior
from claude_remote.session_rules import session_rules, to_claude
from claude_remote_workers import rules, stream_json
from claude_remote_workers.outside import Outside
from claude_remote_workers.words import one_line, summarize

FENCE = "claude-remote-fence:"
_DENIED = "The user does not want this tool to be used."
_WORDS = 4096
_EDITING = frozenset({"Edit", "MultiEdit", "Write", "NotebookEdit"})
_FILES = _EDITING | {"Read", "NotebookRead"}


class _File(msgspec.Struct):
    """What a tool's input says of a file."""

    file_path: str = ""
    notebook_path: str = ""


class _State(Enum):
    OPEN = auto()
    DECIDED = auto()  # the answer waits to be written
    DELIVERED = auto()
    TAKEN = auto()


@dataclass
class _Approval:
    id: str
    request: stream_json.ControlRequest
    state: _State = _State.OPEN
    rules: tuple[str, ...] = ()  # allowed for the session together with it

    @property
    def question(self) -> stream_json.Question:
        return self.request.request


class Approvals:
    """All of one claude. `folder` is where its session works."""

    def __init__(self, outside: Outside, folder: str) -> None:
        self._outside = outside
        self._folder = folder
        self._table: dict[str, _Approval] = {}
        self._plan = ("", "")  # of which use of a tool, and its words

    def planned(self, tool_use: str, plan: str) -> None:
        """The model gives a plan. Claude leaves it out of its question unless it was written to a file."""
        self._plan = (tool_use, plan)

    def open(self, request: stream_json.ControlRequest) -> None:
        """Claude asks."""
        question = request.request
        approval = _Approval(_identify(request.request_id), request)
        if approval.id in self._table:
            return
        self._table[approval.id] = approval
        self._outside.record(
            facts.ApprovalOpened(
                approval=approval.id,
                tool=question.tool_name,
                input=question.input,
                summary=summarize(question.tool_name, bytes(question.input)),
                tool_use=question.tool_use_id,
                description=one_line(question.description or "", _WORDS),
                reason=one_line(question.decision_reason or "", _WORDS),
                reason_type=question.decision_reason_type or "",
                suggestions=Raw(msgspec.json.encode(question.permission_suggestions or [])),
                agent=question.agent_id or "",
                blocked=question.blocked_path or "",
                path="" if (name := file_of(question)) is None else self._outside.resolve(name),
                guarded=_is_guarded(question),
                plan=self._plan[1] if self._plan[0] == question.tool_use_id else "",
            )
        )

    def decide(self, verdict: bus.Verdict, changed_input: dict[str, Raw] | None) -> None:
        """Give claude a decision. One for a question that is no more, or decided, changes nothing."""
        approval = self._table.get(verdict.approval)
        if approval is None or approval.state is not _State.OPEN:
            return
        approval.state = _State.DECIDED
        response = self._allow(approval, verdict, changed_input) or _deny(verdict)
        identity = approval.request.request_id
        fence = stream_json.request(FENCE + approval.id, "get_binary_version")
        self._outside.write(
            stream_json.answer(identity, response) + fence, lambda: self._delivered(approval, verdict)
        )

    def withdrawn(self, request_id: str, reason: str) -> None:
        """Claude takes a question back."""
        approval = self._table.pop(_identify(request_id), None)
        if approval is not None and approval.state is not _State.TAKEN:
            self._outside.record(facts.ApprovalVoid(approval=approval.id, reason=reason))

    def answered(self, request_id: str) -> None:
        """Claude echoes our answer, or answers the fence behind it."""
        fenced = request_id.removeprefix(FENCE)
        self._take(self._table.get(fenced if fenced != request_id else _identify(request_id)))

    def tool_finished(self, tool_use: str, *, error: bool) -> None:
        """A tool has a result."""
        for approval in list(self._table.values()):
            if approval.question.tool_use_id == tool_use and approval.state is not _State.OPEN:
                self._take(approval)
                del self._table[approval.id]
                self._outside.record(facts.ToolFinished(approval=approval.id, error=error))

    def turn_ended(self) -> None:
        """Questions of the turn are no more; those of agents in the background outlive it."""
        self._clear("The turn has ended.", lambda approval: not approval.question.agent_id)

    def claude_ended(self) -> None:
        """All questions are no more."""
        self._clear("Claude has ended.", lambda _: True)

    def file_of(self, approval: str) -> str | None:
        """The file that a question is for, as claude names it; None when there is no such question."""
        found = self._table.get(approval)
        return None if found is None else file_of(found.question)

    @property
    def waiting_for_results(self) -> bool:
        """Whether the results of tools matter now."""
        return bool(self._table)

    def _clear(self, reason: str, which: Callable[[_Approval], bool]) -> None:
        for approval in [approval for approval in self._table.values() if which(approval)]:
            del self._table[approval.id]
            if approval.state is not _State.TAKEN:
                self._outside.record(facts.ApprovalVoid(approval=approval.id, reason=reason))

    def _delivered(self, approval: _Approval, verdict: bus.Verdict) -> None:
        if approval.state is not _State.DECIDED or approval.id not in self._table:
            return
        approval.state = _State.DELIVERED
        self._outside.record(
            facts.ApprovalDelivered(
                approval=approval.id,
                behavior=verdict.behavior,
                by=verdict.by,
                for_session=verdict.for_session,
                message=verdict.message,
                rule=verdict.rule,
            )
        )

    def _take(self, approval: _Approval | None) -> None:
        if approval is not None and approval.state in (_State.DECIDED, _State.DELIVERED):
            approval.state = _State.TAKEN
            self._outside.record(facts.ApprovalTaken(approval=approval.id))
            if approval.rules:
                self._outside.record(facts.RulesAdded(approval=approval.id, rules=approval.rules))

    def _allow(
        self, approval: _Approval, verdict: bus.Verdict, changed_input: dict[str, Raw] | None
    ) -> dict[str, Any] | None:
        if verdict.behavior is not Behavior.ALLOW:
            return None
        question = approval.question
        # Always with the input: 2.1.197 refuses an allow without it.
        response: dict[str, Any] = {
            "behavior": "allow",
            "updatedInput": changed_input or question.input,
        }
        updates: list[dict[str, Any]] = []
        if verdict.mode:
            updates.append({"type": "setMode", "mode": verdict.mode, "destination": "session"})
        if verdict.for_session:
            suggestions = question.permission_suggestions or []
            given = session_rules(question.tool_name, bytes(question.input), suggestions, self._folder)
            if given:
                updates += to_claude(given)
                approval.rules = rules.as_settings(given)
            else:
                self._outside.record(
                    facts.Notice(
                        level="warning",
                        text=f"Claude offers no rule for {approval.question.tool_name} here; allowed once.",
                    )
                )
        if updates:
            response["updatedPermissions"] = updates
        return response


def file_of(question: stream_json.Question) -> str | None:
    """The file that a tool is for, as claude names it."""
    if question.tool_name not in _FILES:
        return None
    try:
        given = msgspec.json.decode(question.input, type=_File)
    except (msgspec.DecodeError, RecursionError):
        return None
    name = given.file_path or given.notebook_path
    return name if name and "\0" not in name else None


def _is_guarded(question: stream_json.Question) -> bool:
    """What claude marks as a question for a person. 2.1.197 knows the first sign alone."""
    return (
        question.decision_reason_type == "safetyCheck"
        or bool(question.suppress_always_allow_rule)
        or bool(question.requires_user_interaction)
    )


def _deny(verdict: bus.Verdict) -> dict[str, Any]:
    # Without a message the model would be shown a schema error.
    response: dict[str, Any] = {"behavior": "deny", "message": verdict.message or _DENIED}
    if verdict.stop:
        response["interrupt"] = True
    return response


def _identify(request_id: str) -> str:
    """The approval's id: claude's own, which is a uuid in every version seen; otherwise one made from it."""
    try:
        if str(uuid.UUID(request_id)) == request_id:
            return request_id
    except ValueError:
        pass
    return str(uuid.uuid5(uuid.NAMESPACE_OID, request_id))
