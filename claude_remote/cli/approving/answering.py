"""`claude-remote answer`: Claude's questions to the user, and its plans."""

from __future__ import annotations

from collections.abc import Sequence

from claude_remote.cli.approving import lines
from claude_remote.cli.approving.deciding import settle
from claude_remote.cli.reaching import Reach, reach_server
from claude_remote.cli.terminal import Terminal
from claude_remote.client.turn import Verdict
from claude_remote.errors import BadOption, Exit
from claude_remote.facts import ApprovalOpened


def answer(reach: Reach, which: str, answers: Sequence[str], terminal: Terminal) -> int:
    """Answer with what was given, or with what is typed on the terminal. Raises RemoteError."""
    with reach_server(reach, terminal) as client:
        asked = client.approval(which)
        verdict = _read(asked.fact, answers) if answers else _ask(asked.fact, terminal)
        if verdict is None:
            return Exit.INTERRUPTED
        return settle(client, asked.info, verdict, terminal)


def _ask(fact: ApprovalOpened, terminal: Terminal) -> Verdict | None:
    if not terminal.can_ask:
        raise BadOption("give the answers behind the id: there is no terminal to ask on")

    def read(prompt: str) -> str | None:
        return terminal.ask(prompt)

    return lines.ask(fact, terminal, read)


def _read(fact: ApprovalOpened, answers: Sequence[str]) -> Verdict:
    if fact.tool == "AskUserQuestion":
        return lines.answer_all(fact, answers)
    if fact.tool != "ExitPlanMode":
        raise BadOption("that is no question to a person: use `allow` or `deny`")
    match answers[0].lower():
        case "yes" if len(answers) == 1:
            return lines.ALLOW
        case "edits" if len(answers) == 1:
            return lines.EDITS_PASS
        case "keep":
            return lines.keep_planning(" ".join(answers[1:]))
        case _:
            raise BadOption(
                "a plan is answered with `yes`, `edits` (they pass without asking) or `keep WORDS`"
            )
