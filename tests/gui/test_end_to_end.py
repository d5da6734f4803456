"""The window with a real server, the real claude and two clients: here and from elsewhere."""

from __future__ import annotations

import os
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
from tests.e2e import leftovers
from tests.e2e.conftest import lab, own_lab
from tests.e2e.lab import Lab
from tests.fakes.messages_api import bash, reply, text, tool

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
            wait(owner.approvals.decision.choices.yes.isEnabled)
            assert command in owner.approvals.decision.detail.toPlainText()
            owner.approvals.decision.choices.yes.click()
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


def test_two_servers_in_one_window(qtbot: QtBot, own_lab: Lab, wait: Wait) -> None:
    """One queue for both; a server that goes leaves the other alone."""
    own_lab.start()
    alice = own_lab.approved("alice")
    with Lab() as other:
        second = other.start()
        rang = alice.run("servers", "add", "other", second.address, "--fingerprint", second.fingerprint)
        assert rang.code == 4, rang
        (pending,) = [each for each in second.clients() if each["state"] == ClientState.PENDING]
        second.approve(pending["fingerprint"], name="alice")
        for where, name in ((own_lab, "home"), (other, "other")):
            where.api.on(f"ask on {name}", bash(f"touch made-on-{name}"), text("Made."))
            sent = alice.run("-s", name, "-p", f"ask on {name}", "--bg", "--name", f"on-{name}")
            assert sent.code == 0, sent
        with window_of(alice.home, "home", "other") as window:
            wait(lambda: connected(window, "home") and connected(window, "other"))
            wait(lambda: window.waiting == 2)
            decision = window.approvals.decision
            for _ in range(2):
                wait(lambda: decision.shown and decision.shown.approval.open)
                wait(decision.choices.yes.isEnabled)
                decision.choices.yes.click()
                shown = decision.shown
                wait(lambda shown=shown: decision.shown is not shown)  # type: ignore[misc]
            wait((own_lab.work / "made-on-home").exists)
            wait((other.work / "made-on-other").exists)
            assert own_lab.server.stop().code == 0
            hub = window.sessions._hub
            wait(lambda: isinstance(hub.standings["home"], st.Reconnecting))
            assert connected(window, "other")
            assert window.sessions.model.rowCount() == 2  # what was known of it stays


def test_questions_and_plans_are_answered_in_the_conversation(qtbot: QtBot, lab: Lab, wait: Wait) -> None:
    asked = [
        {
            "question": "Which database?",
            "header": "Database",
            "multiSelect": False,
            "options": [
                {"label": "SQLite", "description": "a file"},
                {"label": "PostgreSQL", "description": "a server"},
            ],
        }
    ]
    lab.api.on("which one", reply(tool("AskUserQuestion", questions=asked)), text("So be it."))
    lab.api.on(
        "make a plan", reply(tool("ExitPlanMode", plan="1. Read it\n2. **Change** it")), text("Begun.")
    )
    with window_of(lab.folder / "server", None) as window:
        wait(lambda: connected(window))
        conversation = window.sessions.conversation
        decision = conversation.asking.decision
        begin(window, "asks", "which one")
        wait(lambda: decision.isVisible() and decision.form is not None)
        wait(decision.choices.no.isEnabled)
        assert decision.form is not None
        decision.form.questions[0].choices[1].click()
        decision.choices.yes.click()
        wait(lambda: "So be it." in conversation.transcript.toPlainText())
        (answer,) = [call for call in lab.api.calls if "PostgreSQL" in str(call.results)]
        assert "SQLite" not in str(answer.results)

        begin(window, "plans", "make a plan", mode="plan")
        wait(lambda: "2. Change it" in decision.detail.toPlainText())
        wait(decision.choices.session.isEnabled)
        decision.choices.session.click()
        wait(lambda: "Begun." in conversation.transcript.toPlainText())
        server, session = conversation.shown or ("", "")
        sessions = window.sessions._hub.pictures[server].sessions
        wait(lambda: window.sessions._hub.pictures[server].sessions[session].mode == "acceptEdits")
        assert sessions


def test_a_change_is_shown_against_the_file_on_the_host(qtbot: QtBot, lab: Lab, wait: Wait) -> None:
    """The file has the ends of lines of another system, which Claude's Edit does not see, and keeps."""
    file = lab.work / "notes.txt"
    file.write_bytes(b"one\r\ntwo\r\nthree\r\n")
    name = str(file)
    lab.api.on(
        "change it",
        reply(tool("Read", file_path=name)),
        reply(tool("Edit", file_path=name, old_string="two\nthree", new_string="2\nthree")),
        text("Changed."),
    )
    with window_of(lab.folder / "server", None) as window:
        wait(lambda: connected(window))
        conversation = window.sessions.conversation
        decision = conversation.asking.decision
        begin(window, "changes", "change it")
        wait(lambda: decision.isVisible() and "@@" in decision.detail.toPlainText())
        told = decision.detail.toPlainText().split("\n")
        assert told[told.index("@@ -1,3 +1,3 @@") :] == ["@@ -1,3 +1,3 @@", " one", "-two", "+2", " three"]

        # Somebody adds to it before the yes: that is shown, and the yes was for something else.
        wait(decision.choices.yes.isEnabled)
        stamp = file.stat()
        with file.open("ab") as more:
            more.write(b"four\r\n")
        decision.choices.yes.click()
        wait(lambda: " four" in decision.detail.toPlainText())
        assert "nothing was decided" in decision.said.text()
        assert file.read_bytes().startswith(b"one\r\ntwo")

        # As it was when Claude read it, its yes holds, and so do the ends of lines.
        file.write_bytes(b"one\r\ntwo\r\nthree\r\n")
        os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        wait(decision.choices.yes.isEnabled)
        decision.choices.yes.click()
        wait(lambda: " four" not in decision.detail.toPlainText())
        wait(decision.choices.yes.isEnabled)
        decision.choices.yes.click()
        wait(lambda: "Changed." in conversation.transcript.toPlainText())
        assert file.read_bytes() == b"one\r\n2\r\nthree\r\n"


def test_a_rule_made_with_a_yes_is_listed_used_and_withdrawn(qtbot: QtBot, lab: Lab, wait: Wait) -> None:
    lab.api.on("make one", bash("mkdir from-rule-1"), text("One."))
    lab.api.on("make two", bash("mkdir from-rule-2"), text("Two."))
    lab.api.on("make three", bash("mkdir from-rule-3"), text("Three."))
    with window_of(lab.folder / "server", None) as window:
        wait(lambda: connected(window))
        conversation = window.sessions.conversation
        decision = conversation.asking.decision
        begin(window, "ruled", "make one")
        wait(decision.choices.rule.isEnabled)
        decision.choices.rule.click()
        form = decision.rule
        wait(form.isVisible)
        form.rule.setEditText("Bash(mkdir *)")
        form.lasts.setEditText("20min")
        assert "commands that begin with `mkdir`; in the session ruled, for 20 min." in form.about.text()
        form.make.click()
        wait(lambda: "One." in conversation.transcript.toPlainText())

        conversation.prompt.setPlainText("make two")
        conversation.prompt.submit()
        wait(lambda: "Two." in conversation.transcript.toPlainText())  # nobody was asked
        assert (lab.work / "from-rule-2").is_dir()
        window.tabs.setCurrentWidget(window.rules)
        rules = window.rules
        wait(rules.model.rowCount)
        rules.ask()
        wait(lambda: rules.model.index(0, 4).data() == "1")
        assert rules.model.index(0, 2).data() == "in session ruled"
        rules.table.selectRow(0)
        rules.remove.click()
        wait(lambda: not rules.model.rowCount())

        window.tabs.setCurrentWidget(window.sessions)
        conversation.prompt.setPlainText("make three")
        conversation.prompt.submit()
        wait(decision.choices.no.isEnabled)  # asked again
        decision.choices.no.click()
        wait(lambda: "Three." in conversation.transcript.toPlainText())
        assert not (lab.work / "from-rule-3").exists()


def told(window: Window) -> list[str]:
    """The words of the activity."""
    model = window.activity.model
    return [model.index(row, model.columnCount() - 1).data() for row in range(model.rowCount())]


def test_renaming_steering_and_stopping(qtbot: QtBot, lab: Lab, wait: Wait) -> None:
    until = "until [ -e steered ]; do sleep 0.05; done; echo both"
    lab.api.on("run slowly", bash(until), text("Both are done."))
    with window_of(lab.folder / "server", None) as window:
        wait(lambda: connected(window))
        conversation = window.sessions.conversation
        hub = window.sessions._hub
        begin(window, "slow", "run slowly")
        wait(lambda: "sleep 0.05" in conversation.transcript.toPlainText())
        wait(conversation.send_now.isVisible)
        conversation.prompt.setPlainText("be quick, too")
        conversation.send_now.click()
        wait(lambda: "'be quick, too' is handed to Claude" in told(window))
        (lab.work / "steered").touch()
        wait(lambda: "Both are done." in conversation.transcript.toPlainText())
        assert "be quick, too" in conversation.transcript.toPlainText()
        (call,) = [call for call in lab.api.calls if "run slowly" in call.said and call.results]
        assert "be quick, too" in str(call.body["messages"])
        _, session = conversation.shown or ("", "")
        conversation.menu.rename.trigger()
        conversation.strip.field.setText("quick")
        conversation.strip.really.click()
        wait(lambda: hub.pictures["this machine"].sessions[session].name == "quick")
        wait(lambda: hub.pictures["this machine"].sessions[session].state is SessionState.IDLE)
        conversation.menu.fork.trigger()
        wait(lambda: conversation.shown not in {None, ("this machine", session)})
        lab.api.on("in the copy", text("Here I know it, too."))
        conversation.prompt.setPlainText("in the copy")
        conversation.send.click()
        wait(lambda: "Here I know it, too." in conversation.transcript.toPlainText())
        assert "run slowly" in lab.api.calls[-1].said
        conversation.menu.stop.trigger()
        conversation.strip.really.click()
        _, copy = conversation.shown or ("", "")
        wait(lambda: hub.pictures["this machine"].sessions[copy].state is SessionState.CLOSED)


def test_the_server_starts_the_window_where_there_is_a_screen(own_lab: Lab, wait: Wait) -> None:
    own_lab.server_environment |= {"QT_QPA_PLATFORM": "offscreen", "DISPLAY": ":0"}
    own_lab.start(window=True)
    wait(lambda: any("claude-remote-gui" in words for words in leftovers.marked(own_lab.mark).values()))
    assert own_lab.server.stop().code == 0  # and the laboratory sees that the window is gone, too


def begin(window: Window, name: str, prompt: str, mode: str = "default") -> None:
    """Begin a session from the window."""
    window.tabs.setCurrentIndex(0)  # it remembers where it was
    new = window.sessions.new
    new.open()
    new.name.setText(name)
    new.mode.setCurrentText(mode)
    new.prompt.setPlainText(prompt)
    new.prompt.submit()


def _activity(window: Window) -> str:
    return "\n".join(entry.text for entry in window.activity.model.lines())
