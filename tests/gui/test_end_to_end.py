"""The window with a real server, the real claude and two clients: here and from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PyQt6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from claude_remote.messages import ClientState, SessionState
from claude_remote.paths import find_paths
from claude_remote_gui.hub import Hub
from claude_remote_gui.net import standing as st
from claude_remote_gui.views.window import Window
from tests.e2e.conftest import lab, own_lab
from tests.e2e.lab import Lab
from tests.fakes.messages_api import bash, text

__all__ = ["lab", "own_lab"]

pytestmark = pytest.mark.e2e
PATIENCE = 60_000  # ms
Wait = Callable[[Callable[[], object]], None]


@pytest.fixture
def wait(qtbot: QtBot) -> Wait:
    def wait(true: Callable[[], object]) -> None:
        qtbot.waitUntil(lambda: bool(true()), timeout=PATIENCE)

    return wait


@contextmanager
def window_of(home: Path, *servers: str | None) -> Iterator[Window]:
    """The window as somebody with this home sees it."""
    hub = Hub(find_paths({"CLAUDE_REMOTE_HOME": str(home)}))
    window = Window(hub, QSettings(str(home / "gui.ini"), QSettings.Format.IniFormat))
    try:
        for server in servers:
            hub.add(server)
        window.show()
        yield window
    finally:
        window.close()
        window.deleteLater()


def connected(window: Window, server: str = "this machine") -> bool:
    hub = window.sessions._hub
    return isinstance(hub.standings[server], st.Connected) and not hub.states[server].stale


def test_first_contact_prompt_approval_and_revocation(qtbot: QtBot, lab: Lab, wait: Wait) -> None:
    alice = lab.client("alice")
    command = "touch from-the-window && echo '<b>made</b>'"
    lab.api.on("make the file", bash(command), text("It is **made**."))
    with window_of(lab.folder / "server", None) as owner:
        wait(lambda: connected(owner))

        # Alice's window knows nobody: it shows the server's fingerprint, then waits at the bell.
        with window_of(alice.home, lab.server.address) as hers:
            address = lab.server.address
            hub = hers.sessions._hub
            wait(lambda: isinstance(hub.standings[address], st.Unknown))
            line = hers.servers.lines[address]
            assert lab.server.fingerprint in line.words.text()
            line.trust.click()
            wait(lambda: isinstance(hub.standings[address], st.NotApproved))

            wait(lambda: owner.clients.first.cards)
            (card,) = owner.clients.first.cards.values()
            assert owner.contacts == 1
            waiting = hub.standings[address]
            assert isinstance(waiting, st.NotApproved)
            (pending,) = [each for each in lab.server.clients() if each["state"] == ClientState.PENDING]
            assert pending["words"] == " ".join(waiting.words)
            card.name.setText("alice")
            card.approve.click()
            wait(lambda: connected(hers, address))

            # She begins a session, and Claude asks.
            hers.sessions.new.open()
            hers.sessions.new.name.setText("from-afar")
            hers.sessions.new.prompt.setPlainText("make the file")
            hers.sessions.new.prompt.submit()
            wait(lambda: hers.sessions.conversation.shown is not None)
            wait(lambda: owner.waiting == 1 and hers.waiting == 1)

            # The owner decides; both see what comes of it.
            wait(owner.approvals.decision.yes_button.isEnabled)
            assert command in owner.approvals.decision.detail.toPlainText()
            owner.approvals.decision.yes_button.click()
            for window in (owner, hers):
                wait(lambda window=window: window.approvals.model.index(0, 0).data().startswith("finished"))  # type: ignore[misc]
            transcript = hers.sessions.conversation.transcript
            wait(lambda: "It is made." in transcript.toPlainText())
            assert "make the file" in transcript.toPlainText()
            assert (lab.work / "from-the-window").exists()
            wait(lambda: hers.sessions.model.row_at(0).info.state is SessionState.IDLE)
            wait(lambda: "touch from-the-window" in _activity(owner))

            # Then she is revoked, and told so.
            (key,) = [
                row
                for row in range(owner.clients.model.rowCount())
                if owner.clients.model.row_at(row).info.name == "alice"
            ]
            shown = owner.clients.table.model()
            assert shown is not None
            owner.clients.table.selectRow(shown.mapFromSource(owner.clients.model.index(key, 0)).row())  # type: ignore[attr-defined]
            owner.clients.revoke.click()
            owner.clients.strip.really.click()
            wait(lambda: isinstance(hub.standings[address], st.Denied))
            assert "revoked" in line.words.text()


def test_a_server_that_goes_and_comes_again(qtbot: QtBot, own_lab: Lab, wait: Wait) -> None:
    first = own_lab.start()
    alice = own_lab.approved("alice", rights="full")
    own_lab.api.on("remember me", text("I will."))
    assert alice.run("-p", "remember me").code == 0
    with window_of(alice.home, "home") as far, window_of(own_lab.folder / "server", None) as near:
        windows = ((far, "home"), (near, "this machine"))
        for window, name in windows:
            wait(lambda window=window, name=name: connected(window, name))  # type: ignore[misc]
            assert window.sessions.model.rowCount() == 1
        assert first.stop().code == 0
        for window, name in windows:
            wait(
                lambda window=window, name=name: isinstance(  # type: ignore[misc]
                    window.sessions._hub.standings[name], st.Reconnecting
                )
            )
            assert window.sessions.model.rowCount() == 1  # what was known stays, and is said to be old
            assert window.sessions._hub.states[name].stale
        own_lab.start(port=first.port)
        for window, name in windows:
            window.servers.lines[name].retry.click()
            wait(lambda window=window, name=name: connected(window, name))  # type: ignore[misc]
            assert window.sessions.model.rowCount() == 1


def _activity(window: Window) -> str:
    return "\n".join(entry.text for entry in window.activity.model.lines())
