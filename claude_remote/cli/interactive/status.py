"""The two lines that tell how things stand: what Claude is doing, and where one is."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from prompt_toolkit.utils import get_cwidth

from claude_remote.cli.table import duration
from claude_remote.cli.terminal import escape
from claude_remote.client.conversation.items import Doing
from claude_remote.client.conversation.summaries import count

Styled: TypeAlias = tuple[str, str]

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_MODE_WORDS = {
    "default": "asks first",
    "acceptEdits": "edits pass",
    "plan": "plan mode",
    "bypassPermissions": "asks nothing",
    "dontAsk": "denies what it would ask",
    "auto": "auto mode",
}
_DOING = {
    Doing.NOTHING: "Working",
    Doing.STARTING: "Claude is starting",
    Doing.REQUESTING: "Waiting for the model",
    Doing.THINKING: "Thinking",
    Doing.WRITING: "Writing",
    Doing.COMPACTING: "Compacting the conversation",
    Doing.RETRYING: "Trying again",
    Doing.ASKING: "Waiting for an answer",
}


class Place(NamedTuple):
    """Where one is, and how things stand there."""

    host: str
    cwd: str
    session: str
    mode: str
    cost: float
    connected: bool
    wanted_mode: str | None = None  # asked for, not yet confirmed
    model: str = ""


def spinner(now: float) -> str:
    """The sign of this tenth of a second."""
    return SPINNER[int(now * 10) % len(SPINNER)]


def describe_doing(doing: Doing, tool: str) -> str:
    """What Claude does, in words."""
    return f"Using {escape(tool)}" if doing is Doing.TOOL and tool else _DOING.get(doing, "Working")


def describe_waiting(why: str, place: int) -> str:
    """Why a prompt waits."""
    before = f", {count(place, 'prompt')} before it" if place else ""
    match why:
        case "worker":
            return f"No worker is free{before}"
        case "start":
            return "Claude is starting"
        case "away":
            return "The server is away; it is sent when it is back"
        case "turn":
            return f"Another turn runs{before}"
        case _:
            return "Sending"


def activity(
    words: str, seconds: float | None, now: float, *, hint: str = "Ctrl-C interrupts"
) -> list[Styled]:
    """The line above the input while something runs; `seconds` None: nobody knows since when."""
    took = "" if seconds is None else f" · {duration(max(0.0, seconds))}"
    return [
        ("class:spinner", f"{spinner(now)} "),
        ("", words),
        ("class:hint", f"{took} · {hint}"),
    ]


def place_line(place: Place, width: int) -> list[Styled]:
    """The line at the bottom. When it is narrow, the folder gives way first, then the model."""
    mode = _MODE_WORDS.get(place.mode, escape(place.mode))
    if place.wanted_mode and place.wanted_mode != place.mode:
        mode = f"→ {_MODE_WORDS.get(place.wanted_mode, escape(place.wanted_mode))}"
    rest: list[Styled] = [("class:status", " · "), ("class:mode", mode), ("class:status", " · ")]
    if place.cost >= 0.005:
        rest.append(("class:status", f"${place.cost:.2f} · "))
    connected = ("class:connected", "● connected"), ("class:reconnecting", "◌ reconnecting")
    rest.append(connected[0] if place.connected else connected[1])
    room = width - sum(get_cwidth(text) for _, text in rest) - 1
    name = f" · {escape(place.session)}" if place.session else ""
    return [("class:status", _fit(escape(place.host), escape(place.cwd), name, room)), *rest]


def _fit(host: str, cwd: str, name: str, room: int) -> str:
    free = room - get_cwidth(f"{host}:{name}")
    if free >= get_cwidth(cwd):
        return f"{host}:{cwd}{name}"
    parts = cwd.split("/")
    while len(parts) > 1:
        parts.pop(0)
        short = f"…/{'/'.join(parts)}"
        if get_cwidth(short) <= free:
            return f"{host}:{short}{name}"
    return _cut(f"{host}{name}", room)


def _cut(text: str, room: int) -> str:
    if get_cwidth(text) <= room:
        return text
    while text and get_cwidth(text) > room - 1:
        text = text[:-1]
    return f"{text}…"
