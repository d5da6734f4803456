"""First contact, rights and revoking."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from claude_remote.errors import NoSuchClient
from claude_remote.messages import ChangeRights, ClientState, SessionState
from claude_remote.rights import WATCH, WORK, Right
from claude_remote_gui.feed.picture import Picture
from claude_remote_gui.views.clients import ClientsView
from claude_remote_gui.views.rights_picker import OWN_CHOICE, RightsPicker
from tests.gui import values
from tests.gui.views.still import StillHub

WREN = values.client(1, name="wren", state=ClientState.PENDING, rights=())
BOB = values.client(2, name="bob", connections=1, roots=("/srv",))


@pytest.fixture
def view(qtbot: QtBot, hub: StillHub) -> ClientsView:
    view = ClientsView(hub)
    qtbot.addWidget(view)
    view.show()
    return view


def picture(*clients: object) -> Picture:
    return Picture(clients={client.fingerprint: client for client in clients})  # type: ignore[attr-defined]


def test_somebody_rings_and_is_approved_with_less(qtbot: QtBot, hub: StillHub, view: ClientsView) -> None:
    with qtbot.waitSignal(view.rang) as rang:
        hub.put(picture(WREN))
    assert WREN.words in rang.args[0]
    (card,) = view.first.cards.values()
    card.rights.put(WATCH)
    card.name.setText("the wren")
    card.roots.setText("/srv/a: /srv/b")
    card.approve.click()
    assert hub.call() == (
        "approve",
        (WREN.fingerprint,),
        {"name": "the wren", "rights": [Right.VIEW], "roots": ("/srv/a", "/srv/b")},
    )
    hub.answer()
    hub.put(picture(values.client(1, name="the wren")))
    assert not view.first.cards


def test_several_wait_and_one_is_refused(qtbot: QtBot, hub: StillHub, view: ClientsView) -> None:
    other = values.client(3, name="jay", state=ClientState.PENDING, rights=())
    hub.put(picture(WREN, other))
    assert len(view.first.cards) == 2
    card = view.first.cards["home", other.fingerprint]
    card.refuse.click()
    assert hub.call() == ("refuse", (other.fingerprint,), {})
    hub.answer(error=NoSuchClient("Nobody of that name waits."))
    assert card.said.text() == "Nobody of that name waits."
    assert card.refuse.isEnabled()


def test_who_may_not_administer_is_not_asked(qtbot: QtBot, hub: StillHub, view: ClientsView) -> None:
    hub.put(picture(WREN), rights=WORK)
    assert not view.first.cards


def test_revoking_is_confirmed(qtbot: QtBot, hub: StillHub, view: ClientsView) -> None:
    hub.put(picture(BOB))
    view.table.selectRow(0)
    view.revoke.click()
    assert not hub.asked
    assert view.strip.really.isVisible()
    view.strip.keep.click()
    assert not view.strip.really.isVisible()
    view.revoke.click()
    view.strip.really.click()
    assert hub.call() == ("revoke", (BOB.fingerprint,), {})
    hub.answer()
    assert view.said.text() == "bob is revoked."


def test_rights_are_changed(qtbot: QtBot, hub: StillHub, view: ClientsView) -> None:
    hub.put(picture(BOB))
    view.table.selectRow(0)
    view.rights.boxes[Right.FILES].setChecked(False)
    assert view.rights.preset.currentText() == OWN_CHOICE
    assert view.roots.roots() == ("/srv",)
    view.roots.clear()
    view.change.click()
    name, (change,), _ = hub.call()
    assert name == "change_rights"
    assert change == ChangeRights(
        which=BOB.fingerprint, rights=(Right.VIEW, Right.PROMPT, Right.APPROVE), roots=()
    )


def test_who_was_revoked_can_be_approved_again(qtbot: QtBot, hub: StillHub, view: ClientsView) -> None:
    hub.put(picture(values.client(2, state=ClientState.REVOKED)))
    view.table.selectRow(0)
    assert (view.change.text(), view.revoke.isEnabled()) == ("Approve again", False)
    view.rights.put(WATCH)
    view.change.click()
    assert hub.call() == ("approve", (BOB.fingerprint,), {"rights": [Right.VIEW], "roots": None})


def test_what_each_client_is_doing(qtbot: QtBot, hub: StillHub, view: ClientsView) -> None:
    working = values.session(1, client="alice", prompting="bob", state=SessionState.WORKING)
    hub.put(replace(picture(BOB), sessions={working.id: working}))
    assert view.model.index(0, 5).data() == "session-1 (working)"


def test_preset_and_boxes_say_the_same(qtbot: QtBot) -> None:
    picker = RightsPicker()
    qtbot.addWidget(picker)
    picker.preset.setCurrentText("full")
    assert picker.rights() == frozenset(Right)
    picker.preset.setCurrentText("watch")
    assert picker.rights() == WATCH
    picker.boxes[Right.ADMIN].setChecked(True)
    assert picker.boxes[Right.EXEC].isChecked()  # admin implies it


def test_what_amounts_to_a_shell_is_said_where_it_is_given(hub: StillHub, view: ClientsView) -> None:
    hub.put(picture(WREN, BOB))
    (card,) = view.first.cards.values()
    for picker in (card.rights, view.rights):
        picker.put(WORK)
        assert "amounts to a shell" in picker.warning.text()
        assert picker.warning.window() is view.window()
        picker.put(WATCH)
        assert picker.warning.text() == ""


def test_without_the_right_it_is_said_which_is_missing(hub: StillHub, view: ClientsView) -> None:
    hub.put(picture(BOB), rights=WORK)
    view.table.selectRow(0)
    assert not view.revoke.isEnabled()
    assert "you need the right admin" in view.revoke.toolTip()
