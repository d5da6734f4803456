"""Plans that were begun in another mode than Claude's own choice."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QObject

from claude_remote.errors import RemoteError
from claude_remote_gui.hub import Hub


class Plans(QObject):
    """Claude leaves its plan by a mode of its own; when it has, the one that was chosen is set.

    `told` is given what went wrong, in words.
    """

    def __init__(self, hub: Hub, told: Callable[[str], object]) -> None:
        super().__init__(hub)
        self._hub = hub
        self._told = told
        self._modes: dict[str, str] = {}
        hub.moved.connect(self._look)

    def begin(self, approval: str, mode: str) -> None:
        """Set this mode when the tool of this approval has finished."""
        self._modes[approval] = mode

    def forget(self, approval: str) -> None:
        """It was not decided so after all."""
        self._modes.pop(approval, None)

    def _look(self) -> None:
        for server, picture in self._hub.pictures.items() if self._modes else ():
            for key in [key for key in self._modes if key in picture.approvals]:
                approval = picture.approvals[key]
                if approval.step == "finished":
                    self._set(server, approval.info.session, self._modes.pop(key))
                elif approval.step == "void":
                    self.forget(key)

    def _set(self, server: str, session: str, mode: str) -> None:
        self._hub.ask(
            server, lambda client: client.control(session, "set_permission_mode", mode=mode), self._answered
        )

    def _answered(self, _result: object, error: RemoteError | None) -> None:
        if error is not None:
            self._told(f"The permission mode was not changed: {error.message}")
