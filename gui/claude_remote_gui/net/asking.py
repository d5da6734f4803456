"""Reading a question of Claude's whole, out of its session's log."""

from __future__ import annotations

from dataclasses import dataclass

from claude_remote import facts
from claude_remote.client.client import Client
from claude_remote.client.conversation import Conversation
from claude_remote.client.conversation.items import Question
from claude_remote.client.events import Fact
from claude_remote.errors import NoSuchApproval
from claude_remote.messages import ApprovalInfo, Cursor

# Where a plan is looked for: the use of the tool comes shortly before the question about it.
_BEFORE = 400


@dataclass(frozen=True)
class Whole:
    """Everything that there is to decide by. `plan`: of ExitPlanMode, Markdown, if it can be found."""

    fact: facts.ApprovalOpened
    plan: str = ""


def read_question(client: Client, info: ApprovalInfo) -> Whole:
    """The whole question. Raises NoSuchApproval when it is not in the log any more."""
    is_plan = info.tool == "ExitPlanMode"
    # Generation 0 is never the log's own: the server says Reset, and goes on after the number all the same.
    after = Cursor(0, max(0, info.seq - (_BEFORE if is_plan else 1)))
    conversation = Conversation()
    with client.attach(info.session, after, follow=False, patience=0.0) as exchange:
        for event in exchange:
            changes = conversation.read(event) if is_plan else []
            match event:
                case Fact(fact=facts.ApprovalOpened(approval=info.id) as question):
                    plans = [each.plan for each in changes if isinstance(each, Question)]
                    return Whole(question, plans[0] if plans else "")
    raise NoSuchApproval("The log has no more of this question than its summary.")
