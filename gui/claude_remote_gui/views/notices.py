"""Telling somebody who looks elsewhere: by the desktop's notifications, else by the tray's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QApplication, QWidget

from claude_remote.facts import what_is_asked
from claude_remote_gui.hub import Hub
from claude_remote_gui.models.tables import ApprovalRow
from claude_remote_gui.text.harmless import harmless
from claude_remote_gui.views.tray import Action, Tray
from claude_remote_gui.words import count

if TYPE_CHECKING:
    from claude_remote_gui.views.desktop_notices import DesktopNotices

_LONGEST = 300
_MANY = 3  # more questions at once are one notification


class Notices(QObject):
    """`show_approval` is called for who wants to see one."""

    def __init__(
        self, hub: Hub, window: QWidget, tray: Tray, show_approval: Callable[[str, str], object]
    ) -> None:
        super().__init__(window)
        self._hub = hub
        self._window = window
        self._tray = tray
        self._show_approval = show_approval
        self.desktop = _desktop(self)

    def tell(self, key: str, title: str, text: str, actions: Sequence[Action]) -> None:
        """Tell it once, whatever the way; the first action is that of a click."""
        title, text = harmless(title), harmless(text)[:_LONGEST]
        if self.desktop is not None and self.desktop.there:
            self.desktop.tell(key, title, text, actions)
        else:
            self._tray.tell(title, text, actions[0][1])
        QApplication.alert(self._window)

    def asked(self, rows: Sequence[ApprovalRow]) -> None:
        """Claude asks; whoever looks at the window sees that."""
        if not rows or self._window.isActiveWindow():
            return
        if len(rows) > _MANY:
            first = rows[0]
            show = ("Show", lambda: self._show(first))
            self.tell(
                "many", f"{count(len(rows), 'question')} wait", "Claude asks in several sessions", [show]
            )
            return
        for row in rows:
            info = row.approval.info
            self.tell(
                info.id,
                f"Claude asks in {info.session_name}",
                what_is_asked(info.tool, info.summary),
                # What was not seen whole is not allowed.
                [
                    ("Show", lambda row=row: self._show(row)),  # type: ignore[misc]
                    ("Deny", lambda row=row: self._deny(row)),  # type: ignore[misc]
                ],
            )

    def settled(self, approvals: Sequence[str]) -> None:
        """These are decided, or void."""
        if self.desktop is not None:
            for approval in approvals:
                self.desktop.withdraw(approval)

    def _show(self, row: ApprovalRow) -> None:
        self._show_approval(row.server, row.approval.info.id)

    def _deny(self, row: ApprovalRow) -> None:
        approval = row.approval.info.id

        def then(_result: object, error: object) -> None:
            if error is not None:
                self._show(row)  # there it is seen what became of it

        self._hub.ask(row.server, lambda client: client.deny(approval), then)


def _desktop(parent: QObject) -> DesktopNotices | None:
    """None where Qt is without D-Bus: the tray is left."""
    try:
        from claude_remote_gui.views.desktop_notices import DesktopNotices
    except ImportError:
        return None
    return DesktopNotices(parent)
