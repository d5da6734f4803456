"""What Claude asks in other sessions: each question announces itself in a line, and a key opens it here."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from claude_remote.cli.interactive.remote import Remote
from claude_remote.cli.interactive.scroll import Scroll
from claude_remote.cli.terminal import escape
from claude_remote.client.approving import Asked
from claude_remote.client.conversation.items import Question
from claude_remote.client.conversation.questions import Questions
from claude_remote.errors import RemoteError, UnknownMessage
from claude_remote.facts import what_is_asked
from claude_remote.messages import ApprovalInfo, Approvals, ApprovalState, Behavior

KEY = "Ctrl-O"
_MOST = 1000
_LONGEST = 160


class Visitors(Protocol):
    """Where a question of another session is answered."""

    answered: set[str]

    def visit(self, question: Question, folder: str) -> None:
        """Show it before those of this session."""

    def leave(self, approval: str) -> None:
        """It is no longer to be answered."""


class Elsewhere:
    """The open questions of the sessions that are not `session`. `refresh`: something was printed."""

    def __init__(
        self, session: str, remote: Remote, scroll: Scroll, asking: Visitors, refresh: Callable[[], None]
    ) -> None:
        self._session = session
        self._remote = remote
        self._scroll = scroll
        self._asking = asking
        self._refresh = refresh
        self._open: OrderedDict[str, ApprovalInfo] = OrderedDict()
        self._visiting: set[str] = set()
        self._questions = Questions(lambda: 0)

    def start(self) -> None:
        """Follow them."""
        self._remote.follow_approvals(self._told, self._lost)

    def look(self) -> None:
        """Open the oldest that is not open here yet."""
        info = next((each for each in self._open.values() if each.id not in self._visiting), None)
        if info is None:
            self._scroll.remark("Nothing is asked in other sessions.")
            self._refresh()
            return
        self._visiting.add(info.id)
        self._remote.show(info.id, self._shown, lambda error: self._not_shown(info.id, error))

    # --- what the server tells --------------------------------------------------------------------------

    def _told(self, message: Approvals) -> None:
        if message.begins:
            listed = {info.id for info in message.approvals}
            for approval in [] if message.more else [key for key in self._open if key not in listed]:
                self._gone(approval)
        for info in message.approvals:
            if info.session == self._session:
                continue
            if info.state is ApprovalState.OPEN:
                self._opened(info)
            elif info.id in self._open or info.id in self._visiting:
                self._moved(info)
        self._refresh()

    def _opened(self, info: ApprovalInfo) -> None:
        if info.id in self._open:
            return
        self._open[info.id] = info
        if len(self._open) > _MOST:
            self._open.popitem(last=False)
        asked = escape(what_is_asked(info.tool, info.summary)[:_LONGEST])
        self._scroll.remark(f"? {escape(info.session_name)} asks: {asked}  ({KEY} opens it)")

    def _moved(self, info: ApprovalInfo) -> None:
        name = escape(info.session_name)
        mine = info.id in self._asking.answered
        self._open.pop(info.id, None)
        if info.id in self._visiting and not mine:
            done = "denied" if info.behavior is Behavior.DENY else "allowed"
            why = escape(info.reason) if info.state is ApprovalState.VOID else f"{done} by {escape(info.by)}"
            self._scroll.remark(f"{name}: {why}")
            self._gone(info.id)
        elif mine and info.state is ApprovalState.TAKEN:
            self._scroll.remark(f"{name}: ✓ taken by Claude")
            self._gone(info.id)
        elif mine and info.state is ApprovalState.VOID:
            self._scroll.warn(f"{name}: the answer had no effect. {info.reason}")
            self._gone(info.id)

    def _gone(self, approval: str) -> None:
        self._open.pop(approval, None)
        if approval in self._visiting:
            self._visiting.discard(approval)
            self._questions.settle(approval)
            self._asking.leave(approval)

    # --- what was asked of it ---------------------------------------------------------------------------

    def _shown(self, asked: Asked) -> None:
        if asked.info.id not in self._open:
            return
        self._scroll.remark(f"In {escape(asked.info.session_name)}, {escape(asked.info.cwd)}:")
        question = self._questions.ask(asked.fact, None, asked.info.cwd)
        self._asking.visit(question, asked.info.cwd)
        self._refresh()

    def _not_shown(self, approval: str, error: RemoteError) -> None:
        self._visiting.discard(approval)
        self._scroll.warn(error.message)
        self._refresh()

    def _lost(self, error: RemoteError) -> None:
        if not isinstance(error, UnknownMessage):  # an older server, which cannot tell
            self._scroll.warn(f"What other sessions ask is not shown: {error.message}")
            self._refresh()
