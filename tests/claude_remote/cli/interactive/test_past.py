from __future__ import annotations

from claude_remote.cli.interactive.past import Past
from claude_remote.client.conversation.items import AnyItem, Change, Gone, More, Said, Words
from tests.claude_remote.client import recordings
from tests.claude_remote.client.conversation.transcript import transcript


def end(*changes: Change) -> tuple[bool, list[AnyItem]]:
    past = Past()
    for change in changes:
        past.take(change)
    return past.end()


def test_the_last_two_turns() -> None:
    more, items = end(*recordings.changes(recordings.lines("commands")))
    assert more
    assert transcript(items) == [
        "me@laptop> /ship home",
        "answer: Shipped.",
        "-- done",
        "me@laptop> /clear",
        "-- done",
        "output: /permissions isn't available in this environment.",
        "-- done",
    ]


def test_all_of_a_short_one_without_its_decisions() -> None:
    more, items = end(*recordings.changes(recordings.lines("tools")))
    assert not more
    told = transcript(items)
    assert told[0] == "me@laptop> fix it"
    assert not any(line.startswith("?") for line in told)


def test_what_is_being_written_is_there_so_far() -> None:
    going_on = Words(id=2, kind="answer", text="a", done=False)
    _, items = end(Said(id=1, text="x"), going_on, More(2, "b"), More(7, "x"))
    assert transcript(items) == ["?> x", "answer: ab …"]
    assert end(Said(id=1, text="x"), going_on, Gone(2))[1] == [Said(id=1, text="x")]


def test_nothing() -> None:
    assert end() == (False, [])


def test_it_is_bounded() -> None:
    more, items = end(*(Words(id=number, kind="answer", text="x") for number in range(1000)))
    assert more
    assert len(items) < 100
