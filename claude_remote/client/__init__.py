"""The blocking client library. `connect` is the way in; the rest are the types that it deals in.

from claude_remote import connect

with connect("home") as home:
    turn = home.prompt("fix the failing test", cwd="src/api")
    for event in turn:
        ...
    print(turn.outcome)
"""

from typing import TYPE_CHECKING, Any

from claude_remote.client.connecting import connect

if TYPE_CHECKING:
    from claude_remote.client.client import Client, Timing
    from claude_remote.client.introduction import NewServer, Pending
    from claude_remote.client.turn import Exchange, Outcome, Turn, Verdict

# Imported when they are first asked for: a ping needs none of them.
_HOMES = {
    "Client": "client",
    "Exchange": "turn",
    "NewServer": "introduction",
    "Outcome": "turn",
    "Pending": "introduction",
    "Timing": "client",
    "Turn": "turn",
    "Verdict": "turn",
}

__all__ = [
    "Client",
    "Exchange",
    "NewServer",
    "Outcome",
    "Pending",
    "Timing",
    "Turn",
    "Verdict",
    "connect",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
