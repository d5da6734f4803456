"""Deciding: what is allowed is looked at once more, and a rule is made before, if one is wanted."""

from __future__ import annotations

from dataclasses import dataclass

from claude_remote.client.client import Client
from claude_remote.client.turn import Verdict
from claude_remote.errors import RemoteError
from claude_remote.messages import ApprovalInfo, Decided, RuleInfo, Scope
from claude_remote_gui.net.asking import read_question
from claude_remote_gui.rule_words import Wish
from claude_remote_gui.text.questions import Shown


@dataclass(frozen=True)
class Outcome:
    """What came of it. `changed`: nothing was decided, for the file is another now, and this is how.

    `rule`: the one that was made, also when deciding failed then (`error`).
    """

    decided: Decided | None = None
    rule: RuleInfo | None = None
    changed: Shown | None = None
    error: RemoteError | None = None


def decide(
    client: Client, info: ApprovalInfo, verdict: Verdict, shown: Shown | None = None, wish: Wish | None = None
) -> Outcome:
    """Decide a question; `shown`: as it was seen, for a yes. Raises RemoteError when nothing was done."""
    if shown is not None and shown.file is not None:
        now = read_question(client, info, open_=True)
        if now.file is not None and now.file != shown.file:
            return Outcome(changed=now)
    if wish is None:
        return Outcome(client.decide(info.id, verdict))
    rule = client.add_rule(
        wish.rule,
        wish.scope,
        session=info.session if wish.scope is Scope.SESSION else None,
        folder=wish.folder or None,
        seconds=wish.seconds,
    )
    try:
        return Outcome(client.decide(info.id, verdict), rule)
    except RemoteError as error:
        return Outcome(rule=rule, error=error)
