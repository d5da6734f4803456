"""Questions asked line by line on a terminal: may this tool be used, which option, shall the plan be done.

`read` shows a prompt and gives the line that was typed; None when the question was withdrawn or nobody is
there. A form gives the verdict, or None then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from claude_remote.cli.terminal import Terminal, escape
from claude_remote.client.conversation.asked import (
    ACCEPT_EDITS,
    KEEP_PLANNING,
    NO_ANSWER,
    Asked,
    read_asked,
    read_typed,
    with_answers,
)
from claude_remote.client.conversation.summaries import read_input
from claude_remote.client.turn import Verdict
from claude_remote.errors import BadOption
from claude_remote.facts import ApprovalOpened, what_is_asked
from claude_remote.messages import Behavior

Read: TypeAlias = Callable[[str], str | None]

ALLOW = Verdict(behavior=Behavior.ALLOW)
EDITS_PASS = Verdict(behavior=Behavior.ALLOW, mode=ACCEPT_EDITS)
_LONGEST = 2000
_LONGEST_PLAN = 100_000
_TOOL = "[y]es [s]ession [n]o \u203a "
_TOOL_KEYS = "y, s (the like for the rest of the session) or n (and a reason, if you like), then Enter"
_PLAN_KEYS = "y, e (edits pass from then on) or k (and what should be different), then Enter"
_PLAN = "[y]es [e]dits pass without asking [k]eep planning \u203a "


def ask(approval: ApprovalOpened, terminal: Terminal, read: Read) -> Verdict | None:
    """Ask whatever Claude asks, in the form that is made for it."""
    if approval.tool == "ExitPlanMode":
        return _ask_plan(approval, terminal, read)
    if approval.tool == "AskUserQuestion" and (questions := read_asked(bytes(approval.input))):
        return _ask_questions(approval, questions, terminal, read)
    return _ask_tool(approval, terminal, read)


def describe(approval: ApprovalOpened) -> str:
    """What is asked, in one line: the tool and what it would do."""
    summary = approval.summary or bytes(approval.input).decode(errors="replace")
    return escape(what_is_asked(approval.tool, summary)[:_LONGEST])


def deny(reason: str, *, stop: bool = False) -> Verdict:
    """No, with a reason for Claude."""
    return Verdict(behavior=Behavior.DENY, message=reason, stop=stop)


def keep_planning(words: str) -> Verdict:
    """The plan is not to be carried out yet."""
    return deny(words.strip() or KEEP_PLANNING)


def plan_of(approval: ApprovalOpened) -> str:
    """The plan that is to be approved; empty when Claude did not say it."""
    plan = read_input(bytes(approval.input)).get("plan")
    return plan if isinstance(plan, str) and plan else approval.plan


def show_questions(questions: Sequence[Asked], terminal: Terminal) -> list[str]:
    """The questions and their options, as lines."""
    lines: list[str] = []
    for question in questions:
        several = terminal.paint("  (several, divided by commas)", "2") if question.several else ""
        lines.append(f"{terminal.paint(escape(question.text), '1')}{several}")
        for number, option in enumerate(question.options, start=1):
            about = f"  {terminal.paint(escape(option.description), '2')}" if option.description else ""
            lines.append(f"  {number}  {escape(option.label)}{about}")
    return lines


def answer_all(approval: ApprovalOpened, answers: Sequence[str]) -> Verdict:
    """One answer for each question, as they are typed. Raises BadOption, in words."""
    questions = read_asked(bytes(approval.input))
    if not questions:
        raise BadOption("these questions are of a shape that is not known here")
    if len(answers) != len(questions):
        asked = "is 1 question" if len(questions) == 1 else f"are {len(questions)} questions"
        raise BadOption(f"there {asked}, and {len(answers)} answers")
    try:
        given = {each.text: read_typed(each, answer) for each, answer in zip(questions, answers, strict=True)}
    except ValueError as error:
        raise BadOption(str(error)) from None
    return Verdict(behavior=Behavior.ALLOW, input=with_answers(bytes(approval.input), given))


def _ask_tool(approval: ApprovalOpened, terminal: Terminal, read: Read) -> Verdict | None:
    question = f"{describe(approval)}    {terminal.paint(_TOOL, '1')}"
    while (answer := read(question)) is not None:
        choice, _, reason = answer.strip().partition(" ")
        match choice.lower():
            case "y" | "yes":
                return ALLOW
            case "s" | "session":
                return Verdict(behavior=Behavior.ALLOW, for_session=True)
            case "n" | "no":
                why = reason or read("  reason, for Claude (optional) \u203a ")
                return None if why is None else deny(why.strip())
        terminal.say(f"  {_wrong(choice)}{_TOOL_KEYS}")
        question = f"  {_TOOL}"
    return None


def _ask_plan(approval: ApprovalOpened, terminal: Terminal, read: Read) -> Verdict | None:
    plan = plan_of(approval)[:_LONGEST_PLAN]
    terminal.say(terminal.paint("Claude has a plan:", "1"))
    terminal.say(escape(plan.strip(), lines=True) or "(It did not write it down.)")
    question = f"Shall it be carried out?  {terminal.paint(_PLAN, '1')}"
    while (answer := read(question)) is not None:
        choice, _, words = answer.strip().partition(" ")
        match choice.lower():
            case "y" | "yes":
                return ALLOW
            case "e" | "edits":
                return EDITS_PASS
            case "k" | "keep" | "n" | "no":
                said = words or read("  what should be different? \u203a ")
                return None if said is None else keep_planning(said)
        terminal.say(f"  {_wrong(choice)}{_PLAN_KEYS}")
        question = f"  {_PLAN}"
    return None


def _ask_questions(
    approval: ApprovalOpened, questions: Sequence[Asked], terminal: Terminal, read: Read
) -> Verdict | None:
    answers: dict[str, str] = {}
    for question in questions:
        for line in show_questions([question], terminal):
            terminal.say(line)
        while question.text not in answers:
            typed = read("number, or your own words ([n]o answer) \u203a ")
            if typed is None:
                return None
            if typed.strip().lower() in {"n", "no answer"}:
                return deny(NO_ANSWER)
            try:
                answers[question.text] = read_typed(question, typed)
            except ValueError as error:
                terminal.say(f"  {escape(str(error))}")
    return Verdict(behavior=Behavior.ALLOW, input=with_answers(bytes(approval.input), answers))


def _wrong(choice: str) -> str:
    return f"{escape(choice[:20])!r} is no answer here: " if choice else ""
