"""Reading a question of Claude's whole, out of its session's log: the right to look is enough for that."""

from __future__ import annotations

from claude_remote import facts
from claude_remote.client.client import Client
from claude_remote.client.events import Fact
from claude_remote.errors import NoSuchApproval
from claude_remote.messages import ApprovalInfo, Cursor


def read_question(client: Client, info: ApprovalInfo) -> facts.ApprovalOpened:
    """The whole question. Raises NoSuchApproval when it is not in the log any more."""
    # Generation 0 is never the log's own: the server says Reset, and goes on after the number all the same.
    after = Cursor(0, max(0, info.seq - 1))
    with client.attach(info.session, after, follow=False, patience=0.0) as exchange:
        for event in exchange:
            match event:
                case Fact(fact=facts.ApprovalOpened(approval=info.id) as question):
                    return question
    raise NoSuchApproval("The log has no more of this question than its summary.")
