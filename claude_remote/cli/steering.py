"""`claude-remote send`, `wait`, `interrupt`, `stop` and `rename`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from claude_remote.cli.reaching import Reach, reach_server
from claude_remote.cli.terminal import Terminal, escape
from claude_remote.client.steering import Sent
from claude_remote.errors import BadOption, ClaudeFailed, LinkLost, TimedOut
from claude_remote.messages import SessionInfo, SessionState

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_RUNS = (SessionState.WORKING, SessionState.WAITING)


def send(
    reach: Reach,
    session: str,
    words: str,
    terminal: Terminal,
    *,
    now: bool,
    prompt_id: str | None,
    json: bool,
) -> int:
    """Queue a prompt, and print its id. Raises RemoteError."""
    from claude_remote.cli.print_mode.prompt_text import gather

    if prompt_id is not None and not _ID.fullmatch(prompt_id):
        raise BadOption("--id takes the id that a prompt got when it was sent before, a UUID")
    text = gather(words, terminal)
    with reach_server(reach, terminal) as client:
        try:
            sent = client.send(text, session=session, now=now, id=prompt_id)
        except LinkLost as error:
            prompt = error.detail.get("prompt", "")
            if prompt:
                error.message += f"; to send it once more, add --id {prompt}"
            raise
    if json:
        terminal.write(as_json(sent) + b"\n")
    else:
        if terminal.shows_errors:
            terminal.say(terminal.paint(f"{escape(sent.session.name)}: {_describe(sent, now=now)}", "2"))
        terminal.print(sent.prompt)
    return 0


def as_json(sent: Sent) -> bytes:
    """What was sent, for programs."""
    import msgspec

    session = sent.session
    return msgspec.json.encode(
        {
            "prompt": sent.prompt,
            "session": session.id,
            "name": session.name,
            "host": session.host,
            "cwd": session.cwd,
            "state": session.state,
            "waits": sent.waits,
            "place": sent.place,
        }
    )


def wait(reach: Reach, session: str, terminal: Terminal, *, timeout: float | None, json: bool) -> int:
    """Wait until a session is idle. Raises ClaudeFailed when its last turn did not end well, RemoteError."""
    seen: list[SessionInfo] = []

    def on_change(info: SessionInfo) -> None:
        asked = seen[-1].approvals if seen else 0
        if terminal.shows_errors and info.approvals > asked:
            terminal.say(f"{escape(info.name)} waits for an approval")
        seen[:] = [info]

    with reach_server(reach, terminal) as client:
        try:
            info = client.wait(session, timeout=timeout, on_change=on_change)
        except TimedOut:
            last = seen[-1] if seen else None
            name = session if last is None else last.name
            state = "" if last is None else f" ({last.state})"
            raise TimedOut(f"{name} is not idle after {timeout:g} s{state}") from None
    if json:
        import msgspec

        terminal.write(msgspec.json.encode(msgspec.structs.asdict(info)) + b"\n")
    if info.outcome in {"", "done"}:
        return 0
    ended = "was interrupted" if info.outcome == "interrupted" else "ended with an error"
    raise ClaudeFailed(f"{info.name}: {info.reason or f'the last turn {ended}'}")


def interrupt(reach: Reach, session: str, terminal: Terminal) -> int:
    """End the turn that runs. Raises RemoteError."""
    with reach_server(reach, terminal) as client:
        info = client.find(session)
        client.interrupt(info.id)
    if terminal.shows_errors and info.state not in _RUNS:
        terminal.say(f"nothing ran in {escape(info.name)}: it is {info.state}")
    return 0


def stop(reach: Reach, sessions: Sequence[str], terminal: Terminal) -> int:
    """Close sessions, one after the other. Raises RemoteError for the first that cannot be closed."""
    with reach_server(reach, terminal) as client:
        for session in sessions:
            info = client.close_session(session)
            if terminal.shows_errors:
                again = info.state is not SessionState.CLOSED
                terminal.say(f"{escape(info.name)} {'was prompted again' if again else 'is closed'}")
    return 0


def rename(reach: Reach, session: str, name: str, terminal: Terminal) -> int:
    """Give a session another name. Raises RemoteError."""
    with reach_server(reach, terminal) as client:
        info = client.rename(session, name)
    if terminal.shows_errors:
        terminal.say(f"{escape(session)} is called {escape(info.name)} now")
    return 0


def _describe(sent: Sent, *, now: bool) -> str:
    if sent.state is not None:
        return f"was sent before; it is {sent.state}"
    if now:
        return "goes into the turn that runs" if sent.session.state in _RUNS else "is the next prompt"
    match sent.waits:
        case "turn":
            return f"queued, {sent.place} before it"
        case "worker":
            return "queued, every worker is in use"
        case _:
            return "runs"
