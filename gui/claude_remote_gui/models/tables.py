"""The tables: sessions, clients and approvals of all servers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from PyQt6.QtGui import QColor

from claude_remote import rights
from claude_remote.facts import what_it_does
from claude_remote.messages import ClientInfo, ClientState, SessionInfo, SessionState
from claude_remote_gui import colours
from claude_remote_gui.feed.picture import Approval, Picture
from claude_remote_gui.models.rows import Column, one_line
from claude_remote_gui.words import clock, duration, home, money


@dataclass(frozen=True)
class SessionRow:
    """A session, the server it is on, and since when its turn runs (0: unknown, or none does)."""

    server: str
    info: SessionInfo
    since: float = 0.0


@dataclass(frozen=True)
class ClientRow:
    """A client, the server that knows it, and which of its sessions are busy."""

    server: str
    info: ClientInfo
    doing: str = ""


@dataclass(frozen=True)
class ApprovalRow:
    """A question or its receipt, the server it is on, and its session's folder and permission mode."""

    server: str
    approval: Approval
    cwd: str = ""
    mode: str = ""


def approval_row(server: str, approval: Approval, session: SessionInfo | None) -> ApprovalRow:
    """A question with what is known of its session."""
    if session is None:
        return ApprovalRow(server, approval)
    return ApprovalRow(server, approval, session.cwd, session.mode)


_ORDER = {
    state: place
    for place, state in enumerate(
        [
            SessionState.WAITING,
            SessionState.WORKING,
            SessionState.STARTING,
            SessionState.QUEUED,
            SessionState.LOST,
            SessionState.IDLE,
            SessionState.PARKED,
            SessionState.CLOSED,
        ]
    )
}
_BUSY = frozenset({SessionState.WORKING, SessionState.WAITING, SessionState.STARTING})


def _session_colour(row: SessionRow) -> QColor | None:
    match row.info.state:
        case SessionState.WAITING:
            return colours.now().warning
        case SessionState.WORKING | SessionState.STARTING:
            return colours.now().good
        case SessionState.LOST:
            return colours.now().bad
        case SessionState.PARKED | SessionState.CLOSED:
            return colours.now().faint
        case _:
            return None


def _turn_time(row: SessionRow) -> float:
    return max(0.0, time.time() - row.since) if row.since and row.info.state in _BUSY else 0.0


SESSIONS: tuple[Column[SessionRow], ...] = (
    Column("State", lambda r: r.info.state, lambda r: _ORDER[r.info.state], colour=_session_colour),
    Column("Session", lambda r: one_line(r.info.name), tip=lambda r: r.info.last_words),
    Column("Folder", lambda r: one_line(home(r.info.cwd)), tip=lambda r: r.info.cwd),
    Column("Asks", lambda r: str(r.info.approvals or ""), lambda r: r.info.approvals, right=True),
    Column("Turn", lambda r: duration(_turn_time(r)) if _turn_time(r) else "", _turn_time, right=True),
    Column("Who", lambda r: one_line(r.info.client)),
    Column("Host", lambda r: one_line(r.info.host)),
    Column("Model", lambda r: one_line(r.info.model)),
    Column("Turns", lambda r: str(r.info.turns), lambda r: r.info.turns, right=True),
    Column("Cost", lambda r: money(r.info.cost), lambda r: r.info.cost, right=True),
    Column("Changed", lambda r: clock(r.info.changed), lambda r: r.info.changed),
    Column("Server", lambda r: one_line(r.server)),
)


def _client_colour(row: ClientRow) -> QColor | None:
    match row.info.state:
        case ClientState.PENDING:
            return colours.now().warning
        case ClientState.REFUSED | ClientState.REVOKED:
            return colours.now().faint
        case ClientState.APPROVED:
            return colours.now().good if row.info.connections else None


CLIENTS: tuple[Column[ClientRow], ...] = (
    Column("Client", lambda r: one_line(r.info.name), tip=lambda r: r.info.fingerprint),
    Column("State", lambda r: r.info.state, colour=_client_colour),
    Column("Rights", lambda r: rights.describe(r.info.rights)),
    Column(
        "Folders",
        lambda r: one_line(", ".join(map(home, r.info.roots))),
        tip=lambda r: "\n".join(r.info.roots),
    ),
    Column("Connections", lambda r: str(r.info.connections or ""), lambda r: r.info.connections, right=True),
    Column("Busy with", lambda r: one_line(r.doing), tip=lambda r: r.doing),
    Column("Last seen", lambda r: clock(r.info.last_seen), lambda r: r.info.last_seen),
    Column("From", lambda r: one_line(r.info.address)),
    Column("User", lambda r: one_line(f"{r.info.user}@{r.info.host}" if r.info.user else r.info.host)),
    Column("Version", lambda r: r.info.version),
    Column("Server", lambda r: one_line(r.server)),
)

_STEPS = {
    "open": "asks",
    "decided": "decided",
    "delivered": "delivered",
    "taken": "taken by Claude",
    "finished": "finished",
    "void": "void",
}


def step_of(row: ApprovalRow) -> str:
    """How far its decision has come, in words."""
    words = _STEPS[row.approval.step]
    return f"{words}, by {row.approval.by}" if row.approval.by else words


def _approval_colour(row: ApprovalRow) -> QColor | None:
    match row.approval.step:
        case "open":
            return colours.now().warning
        case "finished":
            return colours.now().good
        case "void":
            return colours.now().faint
        case _:
            return None


def _what(row: ApprovalRow) -> str:
    told = what_it_does(row.approval.info.tool, row.approval.info.summary)
    return "a plan" if not told and row.approval.info.tool == "ExitPlanMode" else told


_RECEIPTS = 1e12  # later than any question


def _queue(row: ApprovalRow) -> float:
    """Who waits comes first, the oldest of them at the top; below, receipts with the newest at the top."""
    since = row.approval.info.since
    return since if row.approval.open else 2 * _RECEIPTS - since


APPROVALS: tuple[Column[ApprovalRow], ...] = (
    Column("State", lambda r: one_line(step_of(r)), _queue, colour=_approval_colour),
    Column("Since", lambda r: clock(r.approval.info.since), lambda r: r.approval.info.since),
    Column("Tool", lambda r: one_line(r.approval.info.tool)),
    Column("What", lambda r: one_line(_what(r)), tip=_what),
    Column("Session", lambda r: one_line(r.approval.info.session_name)),
    Column("Folder", lambda r: one_line(home(r.cwd)), tip=lambda r: r.cwd),
    Column("Server", lambda r: one_line(r.server)),
)


def session_rows(pictures: Mapping[str, Picture]) -> dict[tuple[str, str], SessionRow]:
    """Of all servers."""
    return {
        (server, key): SessionRow(server, info, picture.turns.get(key, 0.0))
        for server, picture in pictures.items()
        for key, info in picture.sessions.items()
    }


def client_rows(pictures: Mapping[str, Picture]) -> dict[tuple[str, str], ClientRow]:
    """Of all servers."""
    rows = {}
    for server, picture in pictures.items():
        busy: dict[str, list[str]] = {}
        for session in picture.sessions.values():
            if session.state in _BUSY:
                whose = session.prompting or session.client
                busy.setdefault(whose, []).append(f"{session.name} ({session.state})")
        for key, info in picture.clients.items():
            # Who asks to be let in may call himself like somebody who is in.
            doing = busy.get(info.name, ()) if info.state is ClientState.APPROVED else ()
            rows[server, key] = ClientRow(server, info, ", ".join(doing))
    return rows


def approval_rows(pictures: Mapping[str, Picture]) -> dict[tuple[str, str], ApprovalRow]:
    """Of all servers, open ones and receipts."""
    rows = {}
    for server, picture in pictures.items():
        for key, approval in picture.approvals.items():
            session = picture.sessions.get(approval.info.session)
            rows[server, key] = approval_row(server, approval, session)
    return rows
