"""When people who do not look should be told: an approval opens, a turn is done or has failed.

Somebody *looks* at a session who may approve, follows that session or the feed on a connection, and has sent
something on any connection within the last two minutes. Then the end of a turn is not told, for it was seen;
an approval is held back, and told if it is still open after a while.
"""

from __future__ import annotations

from claude_remote.messages import Credit, Message, Parcel, PromptState, Seen
from claude_remote.rights import Right
from claude_remote_broker.core import gate
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.draft import Draft
from claude_remote_broker.core.session import Session
from claude_remote_broker.journal import ApprovalRow, PromptRow
from claude_remote_broker.notices.notice import Notice
from claude_remote_broker.ports import Connection, Notify, Peer
from claude_remote_broker.preferences import Occasion

ACTIVE = 120.0  # seconds since somebody has sent something
HOLD = 60.0  # seconds that an approval is left to who looks
_MOST_HELD = 1_000
_BY_ITSELF = (Seen, Credit, Parcel)


class Noticing:
    """Knows who was active when, and which approvals are held back."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._active: dict[str, float] = {}
        self._following: dict[Connection, Peer] = {}
        self._held: dict[str, tuple[float, Notice]] = {}

    def heard(self, conn: Connection, peer: Peer, message: Message) -> None:
        """A client has sent something; what programs send by themselves is no sign of people."""
        self._following[conn] = peer
        if not isinstance(message, _BY_ITSELF):
            self._active[peer.fingerprint] = self._context.now

    def left(self, conn: Connection) -> None:
        """A connection is gone."""
        self._following.pop(conn, None)

    def stored(self, draft: Draft) -> None:
        """A transaction is on disk; the session's state is still the one before."""
        for approval in draft.approvals.values():
            if approval.state != "open":
                self._held.pop(approval.id, None)
            elif approval.id not in draft.session.approvals:
                self._opened(draft, approval)
        for prompt in draft.prompts.values():
            if prompt.ended and not prompt.steered:
                self._ended(draft, prompt)

    def tick(self) -> None:
        """Tell what nobody has decided though somebody looked; forget who was active long ago."""
        now = self._context.now
        for approval, (until, notice) in [*self._held.items()]:
            session = self._context.sessions.get(notice.session)
            if session is None or not self._is_looked_at(session) or not 0 < until - now <= HOLD:
                del self._held[approval]
                self._context.effects.do(Notify(notice))
        self._active = {who: at for who, at in self._active.items() if 0 <= now - at < ACTIVE}

    def _opened(self, draft: Draft, approval: ApprovalRow) -> None:
        current = draft.session.current
        notice = self._notice(
            "approval", draft, approval.summary, tool=approval.tool, approval=approval.id, who=current
        )
        if self._is_looked_at(draft.session) and len(self._held) < _MOST_HELD:
            self._held[approval.id] = (self._context.now + HOLD, notice)
        else:
            self._context.effects.do(Notify(notice))

    def _ended(self, draft: Draft, prompt: PromptRow) -> None:
        if prompt.ends is None or self._is_looked_at(draft.session) or self._was_stopped(draft, prompt):
            return
        failed = prompt.state is not PromptState.DONE or draft.row.outcome == "error"
        text = (prompt.reason or draft.row.reason) if failed else draft.row.last_words
        self._context.effects.do(
            Notify(self._notice("failed" if failed else "done", draft, text, who=prompt))
        )

    def _was_stopped(self, draft: Draft, prompt: PromptRow) -> bool:
        """By somebody, who knows."""
        if prompt.state is not PromptState.INTERRUPTED:
            return False
        lease = draft.session.lease
        return self._context.stopping or (
            lease is not None and (lease.stop is not None or lease.release is not None)
        )

    def _is_looked_at(self, session: Session) -> bool:
        context = self._context
        for conn in [*session.followers, *context.publisher.watchers]:
            peer = self._following.get(conn)
            if (
                peer is not None
                and 0 <= context.now - self._active.get(peer.fingerprint, -ACTIVE) < ACTIVE
                and Right.APPROVE in gate.rights_of(peer.fingerprint, context.clients)
            ):
                return True
        return False

    def _notice(
        self,
        occasion: Occasion,
        draft: Draft,
        text: str,
        *,
        who: PromptRow | None,
        tool: str = "",
        approval: str = "",
    ) -> Notice:
        row = draft.row
        return Notice(
            occasion=occasion,
            at=self._context.now,
            host=self._context.host,
            session=row.id,
            session_name=row.name,
            cwd=row.cwd,
            client=row.client_name if who is None else who.client_name,
            text=text,
            tool=tool,
            approval=approval,
        )
