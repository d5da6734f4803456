"""Sentences for people: what a tool is about to do, what went wrong with claude and what to do about it."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from claude_remote.conversations import Owner
from claude_remote_workers.stream_json import Result, System

SUMMARY = 200
_WHITE = re.compile(r"\s+")
# Which field of a tool's input says what it is about.
_TELLING = (
    "command",
    "file_path",
    "notebook_path",
    "path",
    "url",
    "query",
    "pattern",
    "description",
    "prompt",
    "plan",
    "skill",
)
_NETWORK = ("connection error", "fetch failed", "econnrefused", "enotfound", "etimedout", "unable to connect")
_LIMITS = {
    "error_max_turns": "Claude stopped at the limit of turns that it was given; prompt again to go on.",
    "error_max_budget_usd": "Claude stopped at the budget that it was given (--max-budget-usd).",
}
_ABORTED = ("aborted_streaming", "aborted_tools")


def one_line(text: str, limit: int = SUMMARY) -> str:
    """The text on one line, safe to print on a terminal, cut at its end."""
    line = _clean(text)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def last_words(text: str, limit: int = SUMMARY) -> str:
    """The end of an answer, on one line."""
    # Only the end matters, and an answer may be 20 MB long.
    line = _clean(text[-8 * limit :])
    return line if len(line) <= limit else "…" + line[1 - limit :]


def summarize(tool: str, raw_input: bytes) -> str:
    """What a tool is about to do: `Bash: pytest -x`."""
    try:
        given = msgspec.json.decode(raw_input)
    except (msgspec.DecodeError, RecursionError):
        given = {}
    told = _tell(given) if isinstance(given, dict) else ""
    return one_line(f"{tool}: {told}" if told else tool)


def describe_retry(retry: System, host: str) -> str:
    """What `system/api_retry` means."""
    trouble = _describe_trouble(retry.error_status, retry.error or "", host)
    count = f"; attempt {retry.attempt} of {retry.max_retries}" if retry.attempt and retry.max_retries else ""
    wait = f", next in {max(retry.retry_delay_ms / 1000, 0.1):.2g} s" if retry.retry_delay_ms else ""
    return f"{trouble}{count}{wait}."


def describe_rival(rival: Owner) -> str:
    """Why a conversation that somebody else has open is not gone on with here."""
    return (
        f"This conversation is open in {rival.describe()}. Leave it there first, or go on with a copy of it: "
        "--fork-session."
    )


def explain(result: Result, retry: System | None, host: str) -> str:
    """Why a turn ended as it did, in one sentence; empty when there is nothing to explain.

    `retry` is the last retry of this turn: it knows the status when the result does not.
    """
    if result.terminal_reason in _ABORTED:
        return "The turn was stopped."
    limit = _LIMITS.get(result.subtype)
    if limit is not None:
        return limit
    if not (result.is_error or result.subtype.startswith("error")):
        return ""
    said = result.result or next((str(error) for error in result.errors or ()), "")
    status = result.api_error_status or (None if retry is None else retry.error_status)
    return _explain_error(said, status, host)


def was_aborted(result: Result) -> bool:
    """Whether somebody stopped this turn."""
    return result.terminal_reason in _ABORTED


def describe_exit(code: int | None, stderr: str, rubbish: str, result: Result | None) -> str:
    """Why a claude that nobody asked to end has ended."""
    if result is not None and (said := result.result or "; ".join(str(e) for e in result.errors or ())):
        return f"claude ended: {one_line(said)}"
    if rubbish:
        return f"claude printed what is not its protocol ({one_line(rubbish, 80)!r}); is --claude right?"
    last = next((line for line in reversed(stderr.splitlines()) if line.strip()), "")
    how = f"signal {-code}" if code is not None and code < 0 else f"code {code}"
    return f"claude ended with {how}: {one_line(last)}" if last else f"claude ended with {how}."


def _explain_error(said: str, status: int | None, host: str) -> str:
    if "not logged in" in said.lower():
        return f"claude is not logged in on {host}: run claude-remote-server login there."
    if status in (401, 403, 429, 529) or any(sign in said.lower() for sign in _NETWORK):
        return f"{_describe_trouble(status, said, host)}."
    return one_line(said) or "Claude ended the turn with an error and gave no reason."


def _tell(given: dict[Any, Any]) -> str:
    for name in _TELLING:
        value = given.get(name)
        if isinstance(value, str) and value.strip():
            return value[: 4 * SUMMARY]
    questions = given.get("questions")
    if isinstance(questions, list) and questions and isinstance(questions[0], dict):
        return str(questions[0].get("question", ""))
    return msgspec.json.encode(given)[: 4 * SUMMARY].decode(errors="replace") if given else ""


def _describe_trouble(status: int | None, said: str, host: str) -> str:
    match status:
        case 401 | 403:
            return (
                f"Claude's API refused the credentials on {host} ({status}): "
                "run claude-remote-server login there, or correct its API key"
            )
        case 429:
            return "Claude's API says that the limit of use is reached (429): wait, or use another plan"
        case 529:
            return "Claude's API is overloaded (529)"
        case None:
            return f"claude cannot reach its API from {host}: check the network and proxy there" + (
                f" ({one_line(said, 80)})" if said else ""
            )
        case _:
            return f"Claude's API failed ({status})"


def _clean(text: str) -> str:
    line = _WHITE.sub(" ", text).strip()
    # What comes from a model may hold terminal controls or change the direction of writing.
    return "".join(char if char.isprintable() else "�" for char in line)
