"""In the conversation: the question that its session waits with, and what came of the last one."""

from __future__ import annotations

from PyQt6.QtWidgets import QFrame, QVBoxLayout

from claude_remote.facts import what_is_asked
from claude_remote_gui.hub import Hub
from claude_remote_gui.models.tables import ApprovalRow, approval_row, step_of
from claude_remote_gui.views.decision import Decision
from claude_remote_gui.views.parts import label, say

HIGH, LOW = 240, 70  # pixels of the question itself
_AROUND = 120  # of what else it needs


class Asking(QFrame):
    """Takes no room while nothing is asked."""

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self._hub = hub
        self._session: tuple[str, str] | None = None
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAccessibleName("Claude waits for a decision")
        self.decision = Decision(hub, low=HIGH)
        self.receipt = label(wraps=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 2, 8, 6)
        layout.addWidget(self.decision)
        layout.addWidget(self.receipt)
        hub.moved.connect(self.refresh)
        self.refresh()

    def show_session(self, session: tuple[str, str] | None) -> None:
        """Of this session."""
        if session != self._session:
            self._session = session
            self.refresh()

    def fit(self, room: int) -> None:
        """The conversation has so much height: a question takes its part of it."""
        self.decision.pane.take(min(HIGH, max(LOW, room // 2 - _AROUND)))

    def refresh(self) -> None:
        """Show the oldest question that waits, and how far the last decision has come."""
        mine = self._mine()
        waiting = [each for each in mine if each.approval.open]
        under_way = [each for each in mine if each.approval.step in {"decided", "delivered", "taken"}]
        shown = self.decision.shown
        before = shown and next(
            (each for each in waiting if each.approval.info.id == shown.approval.info.id), None
        )
        self.decision.show_row(before or (waiting[0] if waiting else None))
        self.decision.setVisible(bool(waiting))
        say(self.receipt, _receipt(under_way[-1]) if under_way else "")
        self.setVisible(bool(waiting or under_way))

    def _mine(self) -> list[ApprovalRow]:
        """The approvals of the session, the oldest first."""
        if self._session is None:
            return []
        server, session = self._session
        picture = self._hub.pictures.get(server)
        if picture is None:
            return []
        info = picture.sessions.get(session)
        rows = [
            approval_row(server, each, info)
            for each in picture.approvals.values()
            if each.info.session == session
        ]
        return sorted(rows, key=lambda each: each.approval.info.since)


def _receipt(row: ApprovalRow) -> str:
    info = row.approval.info
    return f"{what_is_asked(info.tool, info.summary)}: {step_of(row)}"
