"""How each item of a conversation looks. Text of others is made harmless here, before it is drawn."""

from __future__ import annotations

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from claude_remote.cli.interactive.markdown import Markdown
from claude_remote.cli.table import duration
from claude_remote.cli.terminal import escape
from claude_remote.client.conversation.items import Ended, Note, Question, Said, ToolState, ToolUse, Words
from claude_remote.client.conversation.summaries import count, one_line
from claude_remote.messages import Behavior

PROMPT = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} "
_MOST_SAID = 40  # lines of a prompt that are shown

_MARKS = {
    ToolState.RUNNING: ("●", "cyan"),
    ToolState.DONE: ("✓", "green"),
    ToolState.FAILED: ("✗", "red"),
    ToolState.DENIED: ("⊘", "yellow"),
    ToolState.STOPPED: ("■", "dim"),
}
_LEVELS = {"info": ("·", "dim"), "warning": ("▲", "yellow"), "error": ("✗", "red")}


def clean(text: str) -> str:
    """Text of somebody else's as it may be drawn: its lines and tabs stay, every other control is shown."""
    return escape(text.replace("\r\n", "\n"), lines=True)


def said(item: Said, *, mine: bool = True) -> RenderableType:
    """A prompt."""
    lines = clean(item.text).split("\n")
    hidden = len(lines) - _MOST_SAID
    text = Text()
    for number, line in enumerate(lines[:_MOST_SAID]):
        text.append(PROMPT if number == 0 else "\n  ", style="bold cyan")
        text.append(line, style="bold")
    if hidden > 0:
        text.append(f"\n  … {count(hidden, 'more line')}", style="dim")
    if item.client and not mine:
        text.append(f"  {escape(item.client)}", style="dim")
    return text


def answer(block: str) -> RenderableType:
    """A block of an answer, which is clean already."""
    return Markdown(block)


def output(item: Words) -> RenderableType:
    """What one of claude's commands has printed."""
    return Text(clean(item.text).strip("\n"), style="none")


def thought(item: Words) -> RenderableType:
    """What Claude thought, folded into a line."""
    lines = [line for line in clean(item.text).splitlines() if line.strip()]
    return _line(("✻ ", "magenta"), (one_line(lines[0] if lines else ""), "dim italic"))


def thinking(item: Words) -> RenderableType:
    """What Claude thinks just now: the last of it."""
    lines = [line for line in clean(item.text).splitlines() if line.strip()]
    return _line(("✻ ", "magenta"), (lines[-1].strip() if lines else "", "dim italic"))


def tool(item: ToolUse, mark: str = "") -> RenderableType:
    """The use of a tool, in one line."""
    sign, style = _MARKS[item.state]
    line = _line((f"{mark or sign} ", style))
    line.append(escape(item.tool), style="bold")
    if item.summary:
        line.append(f" {escape(item.summary)}")
    if item.steps:
        line.append(f" · {count(item.steps, 'step')}", style="dim")
    if item.state is ToolState.DENIED:
        line.append(f" · denied{f': {escape(item.outcome)}' if item.outcome else ''}", style="yellow")
    elif item.state is ToolState.STOPPED:
        line.append(" · stopped", style="dim")
    elif item.outcome:
        line.append(f" · {escape(item.outcome)}", style="red" if item.state is ToolState.FAILED else "dim")
    elif item.step and not item.done:
        line.append(f" · {escape(item.step)}", style="dim")
    return line


def note(item: Note) -> RenderableType:
    """A remark."""
    sign, style = _LEVELS[item.level]
    return _hanging(sign, Text(clean(item.text).strip(), style="dim" if style == "dim" else "none"), style)


def decision(item: Question, *, mine: bool) -> RenderableType | None:
    """What became of a question; None when there is nothing that the tool's own line does not say."""
    by = "" if mine or not item.by else f" by {escape(item.by)}"
    if item.decision is None:
        return _line((f"  ○ no longer asked: {escape(item.message)}", "dim"))
    if item.decision is Behavior.ALLOW:
        how = " for this session" if item.for_session else ""
        return _line((f"  ✓ allowed{how}{by}", "green")) if by or how else None
    words = f": {escape(one_line(item.message))}" if item.message else ""
    return _line((f"  ⊘ denied{by}{words}", "yellow")) if by else None


def ended(item: Ended) -> RenderableType:
    """The end of a turn, with what it took."""
    took = f"{duration(item.duration)} · ${item.cost:.2f}" if item.cost >= 0.005 else duration(item.duration)
    if item.error:
        return _hanging("✗", Text(clean(item.reason or "The turn ended with an error."), style="none"), "red")
    if item.outcome == "done":
        return Text(f"  {took}", style="dim")
    words = item.reason or ("The turn was stopped." if item.outcome == "interrupted" else "It did not run.")
    return Text(f"■ {escape(words)} {took}", style="yellow" if item.outcome == "interrupted" else "dim")


def _line(*parts: tuple[str, str]) -> Text:
    """One line, cut at the edge of the terminal."""
    return Text.assemble(*parts, no_wrap=True, overflow="ellipsis")


def _hanging(sign: str, text: Text, style: str) -> RenderableType:
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_row(Text(sign, style=style), text)
    return table
