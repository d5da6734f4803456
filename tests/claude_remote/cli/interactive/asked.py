"""Questions, for tests of how they are shown and answered."""

from __future__ import annotations

import json

from claude_remote.client.conversation.items import Question

APPROVAL = "33333333-3333-4333-8333-333333333333"


def question(
    tool: str, *, plan: str = "", may_remember: bool = False, reason: str = "", **given: object
) -> Question:
    return Question(
        id=1,
        done=False,
        approval=APPROVAL,
        tool=tool,
        input=json.dumps(given).encode(),
        summary="",
        tool_use="toolu_1",
        plan=plan,
        may_remember=may_remember,
        reason=reason,
    )
