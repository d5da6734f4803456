"""The activity of a server in lines: who did what, where and when. No Qt."""

from __future__ import annotations

from sys import intern
from typing import Literal, TypeAlias

from msgspec import Struct

from claude_remote import feed
from claude_remote.facts import what_is_asked
from claude_remote.messages import ClientState, PromptState
from claude_remote_gui.feed.picture import Picture
from claude_remote_gui.feed.reducer import News

Kind: TypeAlias = Literal["prompt", "answer", "approval", "client", "worker", "connection"]
KINDS: tuple[Kind, ...] = ("prompt", "answer", "approval", "client", "worker", "connection")
_LONGEST = 2_000


class Entry(Struct, frozen=True, gc=False):
    """One line. `at`: seconds since the epoch, of the server's clock.

    There may be 100,000 of them, and nothing in one leads back to it: Python's collector need not look.
    """

    at: float
    server: str
    kind: Kind
    client: str
    session: str  # its name
    text: str


def describe(server: str, news: News, picture: Picture) -> Entry | None:
    """What an item says to people; None for what only tables show."""

    def entry(kind: Kind, text: str, *, client: str = "", session: str = "") -> Entry:
        known = picture.sessions.get(session)
        name = known.name if known is not None else session[:8]
        whose = client or (known.client if known is not None else "")
        # The same few names, over and over, each time in a text of its own.
        return Entry(news.at, server, kind, intern(whose), intern(name), text[:_LONGEST])

    match news.item:
        case feed.PromptUpdated() as item:
            return entry("prompt", _prompt(item), client=item.client, session=item.session)
        case feed.Said(session=session, text=text):
            return entry("answer", text, session=session)
        case feed.ApprovalUpdated(approval=info) as item:
            words = what_is_asked(info.tool, info.summary)
            return entry("approval", f"{_step(item)} — {words}", session=info.session)
        case feed.ClientChanged(client=client):
            return entry("client", _client(client.state, client.connections), client=client.name)
        case feed.WorkerUpdated() as item:
            text = f"worker {item.pid} {item.state}"
            return entry("worker", text, session=item.session or "")
        case feed.SessionUpdated() | feed.SessionForgotten() | feed.ClientForgotten():
            return None


def _prompt(item: feed.PromptUpdated) -> str:
    words = {
        PromptState.QUEUED: "waits",
        PromptState.DISPATCHING: "is handed to Claude",
        PromptState.RUNNING: "runs",
        PromptState.DONE: "is done",
        PromptState.INTERRUPTED: "was interrupted",
        PromptState.VOID: "was given up",
    }[item.state]
    told = f"{item.text!r} {words}" if item.text else f"the prompt {words}"
    if item.reason:
        told += f": {item.reason}"
    if item.state is PromptState.DONE:
        told += f" ({item.duration:.1f} s, ${item.cost:.2f})"
    return told


def _step(item: feed.ApprovalUpdated) -> str:
    by = f" by {item.by}" if item.by else ""
    why = f": {item.reason}" if item.reason else ""
    return {
        "open": "Claude asks",
        "decided": f"decided{by}",
        "delivered": "delivered to the worker",
        "taken": "taken by Claude",
        "finished": "the tool has finished",
        "void": f"void{why}",
    }[item.state]


def _client(state: ClientState, connections: int) -> str:
    if state is ClientState.PENDING:
        return "asks to be let in"
    if state is not ClientState.APPROVED:
        return f"is {state}"
    return "has left" if not connections else f"has {connections} connection" + "s" * (connections != 1)
