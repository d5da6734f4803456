"""The blocking client library. `connect` is the way in; the rest are the types that it deals in.

from claude_remote import connect

with connect("home") as home:
    turn = home.prompt("fix the failing test", cwd="src/api")
    for event in turn:
        ...
    print(turn.outcome)
"""

from claude_remote.client.client import Client, Timing
from claude_remote.client.connecting import connect
from claude_remote.client.introduction import Introduction, NewServer, Pending
from claude_remote.client.turn import Exchange, Outcome, Turn, Verdict

__all__ = [
    "Client",
    "Exchange",
    "Introduction",
    "NewServer",
    "Outcome",
    "Pending",
    "Timing",
    "Turn",
    "Verdict",
    "connect",
]
