"""What the threads posted reaches the window in order and in bites; how things stand, when it is needed."""

from __future__ import annotations

import gc

from pytestqt.qtbot import QtBot

from claude_remote import feed
from claude_remote.paths import Paths
from claude_remote_gui.activity import Entry
from claude_remote_gui.feed.picture import Picture
from claude_remote_gui.feed.reducer import News, State
from claude_remote_gui.hub import AT_ONCE
from claude_remote_gui.net.posts import Answered, Moved
from tests.gui import values
from tests.gui.views.still import StillHub


def said(first: int, count: int) -> Moved:
    """So many answers, and the picture with them."""
    news = tuple(
        News(feed.Said(session=values.ident(1), text=str(number)), 1.0)
        for number in range(first, first + count)
    )
    return Moved("home", State(Picture(generation=1, seq=first + count - 1), stale=""), news)


def test_much_comes_in_bites_and_the_window_looks_up_between_them(qtbot: QtBot, paths: Paths) -> None:
    hub = StillHub(paths)
    hub.put(Picture())
    bites: list[list[str]] = []
    answers: list[object] = []
    shown: list[int] = []
    hub.happened.connect(lambda entries: bites.append([entry.text for entry in entries]))
    hub.moved.connect(lambda: shown.append(hub.pictures["home"].seq))
    for place in range(10):
        hub._mailbox.post(said(1 + 400 * place, 400))
    hub._mailbox.post(Answered(lambda result, _error: answers.append(result), "done"))
    qtbot.waitUntil(lambda: bool(answers))
    assert [text for bite in bites for text in bite] == [str(number) for number in range(1, 4_001)]
    assert max(map(len, bites)) <= AT_ONCE + 400
    assert shown[-1] == 4_000
    assert len(shown) <= len(bites)
    assert hub.servers["home"].shown == 4_000  # it is told that all of it was seen


def test_what_there_is_much_of_is_nothing_for_the_collector() -> None:
    """It would hold up the window, the longer the more there is."""
    assert not gc.is_tracked(Entry(1.0, "home", "answer", "", "", "x"))
    assert not gc.is_tracked(said(1, 1).news[0])
    assert not gc.is_tracked(values.session(1))
