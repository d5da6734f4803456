"""`claude-remote logs`: the end of what was said in a session."""

from __future__ import annotations

from collections import deque
from typing import TypeGuard

from claude_remote import facts
from claude_remote.cli.attaching.views import make_view
from claude_remote.cli.reaching import Reach, reach_server
from claude_remote.cli.terminal import Terminal
from claude_remote.client.client import Client
from claude_remote.client.events import Event, Fact
from claude_remote.messages import Cursor

# So many events are looked at for the beginnings of turns; four times as many if they are not enough.
_FIRST_LOOK = 2_000
_PATIENCE = 120.0


def show_log(
    reach: Reach, session: str, terminal: Terminal, *, turns: int, output_format: str, partial: bool
) -> int:
    """Show the last turns of a session, one that runs included. Raises RemoteError."""
    with reach_server(reach, terminal) as client:
        info = client.find(session)
        view = make_view(terminal, output_format, partial=partial)
        begin = find_turns(client, info.id, turns)
        with client.attach(info.id, begin, follow=False, patience=_PATIENCE) as exchange:
            for event in exchange:
                view.show(event)
        view.end_line()
    return 0


def find_turns(client: Client, session: str, count: int) -> Cursor | None:
    """The place before the last `count` turns; None: the whole log. From the end, for logs are long."""
    tail = client.tail(session)
    look = _FIRST_LOOK
    while True:
        start = max(0, tail.seq - look)
        begins: deque[Cursor] = deque(maxlen=count)
        with client.attach(session, Cursor(tail.generation, start), follow=False) as exchange:
            for event in exchange:
                if _begins(event):
                    begins.append(event.cursor)
        if start == 0 or len(begins) == count:
            break
        look *= 4
    if len(begins) < count:
        return None
    return Cursor(begins[0].generation, begins[0].seq - 1)


def _begins(event: Event) -> TypeGuard[Fact]:
    return isinstance(event, Fact) and isinstance(event.fact, facts.TurnStarted)
