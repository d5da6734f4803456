"""Claude's questions, from their opening to their decision."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from msgspec import structs

from claude_remote import facts
from claude_remote.client.conversation.items import Change, Question, ToolUse
from claude_remote.client.conversation.summaries import read_input, summarize
from claude_remote.messages import Behavior
from claude_remote.session_rules import in_words, session_rules

_MOST = 1000


class Questions:
    """The questions that wait. `number` numbers a new item."""

    def __init__(self, number: Callable[[], int]) -> None:
        self._number = number
        self._open: OrderedDict[str, Question] = OrderedDict()

    @property
    def waiting(self) -> tuple[Question, ...]:
        """Oldest first."""
        return tuple(self._open.values())

    def get(self, approval: str) -> Question | None:
        """A question that waits."""
        return self._open.get(approval)

    def ask(self, fact: facts.ApprovalOpened, use: ToolUse | None, cwd: str) -> Question:
        """Claude asks; `use` is the tool that it asks for, if it is known."""
        given = bytes(fact.input)
        plan = ""
        if fact.tool == "ExitPlanMode":
            # Claude leaves the plan out of the question's input when the model did not write it to a file.
            plan = _plan(given) or fact.plan or (_plan(use.input) if use is not None else "")
        remembers = session_rules(fact.tool, given, bytes(fact.suggestions), cwd)
        question = Question(
            id=self._number(),
            done=False,
            approval=fact.approval,
            tool=fact.tool,
            input=given,
            summary=summarize(given, cwd) or facts.what_it_does(fact.tool, fact.summary),
            tool_use=fact.tool_use,
            description=fact.description,
            reason=fact.reason,
            agent=fact.agent,
            plan=plan,
            may_remember=bool(remembers),
            remembers=tuple(map(in_words, remembers)),
        )
        self._open[fact.approval] = question
        while len(self._open) > _MOST:
            self._open.popitem(last=False)
        return question

    def settle(
        self,
        approval: str,
        *,
        decision: Behavior | None = None,
        by: str = "",
        message: str = "",
        for_session: bool = False,
    ) -> list[Change]:
        """It is decided, or (without a decision) void. Nothing if it was settled before."""
        question = self._open.pop(approval, None)
        if question is None:
            return []
        return [
            structs.replace(
                question, done=True, decision=decision, by=by, message=message, for_session=for_session
            )
        ]

    def close(self) -> list[Change]:
        """The turn has ended."""
        return [
            change
            for approval in list(self._open)
            for change in self.settle(approval, message="The turn has ended.")
        ]


def _plan(given: bytes) -> str:
    plan = read_input(given).get("plan")
    return plan if isinstance(plan, str) else ""
