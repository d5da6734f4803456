"""The items of a conversation as paragraphs."""

from __future__ import annotations

from dataclasses import replace

from claude_remote.client.conversation.items import (
    AnyItem,
    Ended,
    Note,
    Question,
    Said,
    ToolState,
    ToolUse,
    Words,
)
from claude_remote.messages import Behavior
from claude_remote_gui.text import inputs
from claude_remote_gui.text.harmless import harmless
from claude_remote_gui.text.markdown import plain, render
from claude_remote_gui.text.paragraphs import Paragraph, Span, Tone
from claude_remote_gui.words import count, duration, money

MOST_RESULT_LINES = 500
_TONES: dict[ToolState, Tone] = {
    ToolState.RUNNING: "accent",
    ToolState.DONE: "good",
    ToolState.FAILED: "bad",
    ToolState.DENIED: "warning",
    ToolState.STOPPED: "warning",
}


def describe(item: AnyItem, *, unfolded: bool) -> list[Paragraph]:
    """An item, folded to its first line if it can be and is not unfolded."""
    shown: list[Paragraph] = []
    match item:
        case Said():
            shown = _said(item)
        case Words():
            shown = _words(item, unfolded=unfolded)
        case ToolUse():
            shown = _tool(item, unfolded=unfolded)
        case Question():
            shown = _question(item, unfolded=unfolded)
        case Note(level=level, text=text):
            shown = plain(text, level)
        case Ended():
            shown = [_ended(item)]
    if not shown:
        shown = [Paragraph((Span(""),))]
    return [replace(shown[0], first=True), *shown[1:]]


def is_error(item: AnyItem) -> bool:
    """Whether somebody who looks for what went wrong means this."""
    match item:
        case ToolUse(state=ToolState.FAILED) | Note(level="error") | Ended(error=True):
            return True
        case _:
            return False


def can_fold(item: AnyItem) -> bool:
    """Whether there is more of it than a folded item shows."""
    return isinstance(item, (ToolUse, Question)) or (isinstance(item, Words) and item.kind != "answer")


def _said(item: Said) -> list[Paragraph]:
    who = harmless(item.client)
    head = [Paragraph((Span(who, tone="faint"),), "prompt")] if who else []
    return [*head, *plain(item.text, "prompt")]


def _words(item: Words, *, unfolded: bool) -> list[Paragraph]:
    if item.kind == "answer":
        return render(item.text, coloured=item.done)
    if item.kind == "output":
        shown = plain(item.text, "output", mono=True)
        return shown if unfolded or len(shown) <= 12 else [*shown[:10], _more(len(shown) - 10)]
    if unfolded:
        return [_head(item, "Thinking", open_=True), *plain(item.text, "thinking", indent=1)]
    return [_head(item, "Thinking" if item.done else "Thinking …", open_=False)]


def _head(item: Words, words: str, *, open_: bool) -> Paragraph:
    size = f"  {count(len(item.text.split()), 'word')}" if item.done else ""
    return Paragraph(
        (Span(f"{_arrow(open_)} {words}", toggles=True, italic=True, tone="faint"), Span(size, tone="faint")),
        "thinking",
    )


def _more(number: int) -> Paragraph:
    return Paragraph((Span(f"▸ {count(number, 'more line')}", toggles=True, tone="faint"),), "output")


def _arrow(open_: bool) -> str:  # noqa: FBT001  there is nothing else to say about an arrow
    return "▾" if open_ else "▸"


def _tool(item: ToolUse, *, unfolded: bool) -> list[Paragraph]:
    tone = _TONES[item.state]
    spans = [
        Span(f"{_arrow(unfolded)} ", toggles=True, tone="faint"),
        Span(harmless(item.tool), toggles=True, bold=True, tone=tone),
        Span(f"  {harmless(item.summary)}", mono=True),
    ]
    if item.state not in {ToolState.DONE, ToolState.RUNNING}:
        spans.append(Span(f"  {item.state}", tone=tone))
    if item.steps:
        spans.append(Span(f"  {count(item.steps, 'step')}: {harmless(item.step)}", tone="faint"))
    shown = [Paragraph(tuple(spans), "tool")]
    if unfolded:
        given = inputs.shortened(inputs.describe(item.tool, item.input))
        shown += [replace(each, indent=each.indent + 1) for each in given]
    if item.outcome:
        failed = item.state is ToolState.FAILED
        outcome = Span(f"→ {harmless(item.outcome)}", tone="bad" if failed else "faint")
        shown.append(Paragraph((outcome,), "tool", indent=1))
    if unfolded and item.result.strip() not in {"", item.outcome}:
        shown += _result(item.result)
    return shown


def _result(result: str) -> list[Paragraph]:
    """What Claude was given, as far as anybody reads."""
    whole = plain(result.rstrip(), "output", mono=True, indent=1)
    if len(whole) <= MOST_RESULT_LINES:
        return whole
    rest = count(len(whole) - MOST_RESULT_LINES, "more line")
    return [*whole[:MOST_RESULT_LINES], Paragraph((Span(f"… {rest}", tone="faint"),), "output", 1)]


def _question(item: Question, *, unfolded: bool) -> list[Paragraph]:
    if item.done:
        return [_settled(item)]
    head = Paragraph(
        (
            Span(f"{_arrow(unfolded)} Claude asks: ", toggles=True, bold=True, tone="warning"),
            Span(harmless(item.tool), bold=True),
            Span(f"  {harmless(item.summary)}", mono=True),
        ),
        "tool",
    )
    if not unfolded:
        return [head]
    given = inputs.shortened(inputs.describe(item.tool, item.input))
    return [head, *(replace(each, indent=1) for each in given)]


def _settled(item: Question) -> Paragraph:
    by = f" by {harmless(item.by)}" if item.by else ""
    why = f": {harmless(item.message)}" if item.message else ""
    tool = harmless(item.tool)
    if item.decision is None:
        return Paragraph((Span(f"The question about {tool} is void{why}", tone="faint"),), "tool")
    if item.decision is Behavior.DENY:
        return Paragraph((Span(f"{tool} was denied{by}{why}", tone="warning"),), "tool")
    session = " for this session" if item.for_session else ""
    return Paragraph((Span(f"{tool} was allowed{session}{by}", tone="faint"),), "tool")


def _ended(item: Ended) -> Paragraph:
    numbers = ", ".join(filter(None, [duration(item.duration) if item.duration else "", money(item.cost)]))
    if item.outcome == "done" and not item.error:
        return Paragraph((Span(f"— {numbers or 'done'}", tone="faint"),), "ended")
    words = "the turn failed" if item.outcome == "done" else f"the turn is {item.outcome}"
    reason = f": {harmless(item.reason)}" if item.reason else ""
    tone: Tone = "bad" if item.error else "warning"
    return Paragraph((Span(f"— {words}{reason}", tone=tone), Span(f"  {numbers}", tone="faint")), "ended")
