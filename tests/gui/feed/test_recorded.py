"""What a real server told, cut, doubled, delayed and broken off: the picture is the server's, or says that
it is not. See tests.gui.feed.record.
"""

from __future__ import annotations

from typing import cast

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from claude_remote.client.watching import FeedMessage
from claude_remote.feed import Published, Snapshot
from claude_remote_gui.feed.picture import Picture
from claude_remote_gui.feed.reducer import State, distrust, reduce
from tests.gui.feed.record import RECORDED

_kind = cast("type[FeedMessage]", FeedMessage)
MESSAGES = [msgspec.json.decode(line, type=_kind) for line in RECORDED.read_bytes().splitlines()]
FIRST, LAST = MESSAGES[0], MESSAGES[-1]
assert isinstance(FIRST, Snapshot)
assert isinstance(LAST, Snapshot)
PUBLISHED = [message for message in MESSAGES if isinstance(message, Published)]
NOW = FIRST.at


def seen(picture: Picture) -> tuple[object, ...]:
    """What is the same whichever way it came: receipts, for example, are known only to who was there."""
    waiting = {key: each.info for key, each in picture.approvals.items() if each.open}
    return (picture.sessions, picture.clients, picture.workers, waiting)


def truth() -> dict[int, tuple[object, ...]]:
    """How things stood at each number, told in order."""
    state = reduce(State(), FIRST, NOW).state
    stood = {state.picture.seq: seen(state.picture)}
    for message in PUBLISHED:
        state = reduce(state, message, message.at).state
        assert not state.stale
        stood[state.picture.seq] = seen(state.picture)
    return stood


TRUTH = truth()


def test_told_in_order_it_is_what_the_server_says_at_the_end() -> None:
    assert LAST.seq in TRUTH
    assert TRUTH[LAST.seq] == seen(reduce(State(), LAST, LAST.at).state.picture)


def test_every_step_of_the_question_was_news() -> None:
    state = reduce(State(), FIRST, NOW).state
    steps = []
    for message in PUBLISHED:
        result = reduce(state, message, message.at)
        state = result.state
        steps += [getattr(news.item, "state", "") for news in result.news if hasattr(news.item, "approval")]
    assert steps == ["open", "decided", "delivered", "taken", "finished"]


places = st.integers(0, len(PUBLISHED) - 1)


@given(
    st.lists(st.tuples(st.sampled_from(["drop", "twice", "late"]), places), max_size=6),
    st.lists(places, max_size=2),
)
def test_never_a_wrong_picture(troubles: list[tuple[str, int]], breaks: list[int]) -> None:
    stream = list(PUBLISHED)
    for trouble, drawn in troubles:
        place = drawn % max(1, len(stream))
        match trouble:
            case "drop" if stream:
                del stream[place]
            case "twice" if stream:
                stream.insert(place, stream[place])
            case "late" if stream:
                stream.append(stream.pop(place))
    state = reduce(State(), FIRST, NOW).state
    for number, message in enumerate(stream):
        if number in breaks:
            state = distrust(state, "the link broke")
        state = reduce(state, message, message.at).state
        if not state.stale:
            assert seen(state.picture) == TRUTH[state.picture.seq]
    state = reduce(state, LAST, LAST.at).state
    assert not state.stale
    assert seen(state.picture) == TRUTH[LAST.seq]
