"""The reducer: messages of the feed in, in whatever order they come, a picture out that is never wrong.

Either the picture is exactly what the server had at (generation, seq), or `stale` says in words why it may
not be, and a new snapshot is needed. What arrives meanwhile is held and applied on top of the snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from msgspec import Struct

from claude_remote.feed import AnyItem, ApprovalUpdated, Published, Snapshot
from claude_remote.messages import ApprovalInfo
from claude_remote_gui.feed.picture import Draft, Picture, from_snapshot
from claude_remote_gui.words import count

MOST_HELD = 1_000  # messages; when more come before the snapshot does, it will have what is dropped
LONGEST_LAG = 1.0

NOT_YET = "nothing was heard yet"


class News(Struct, frozen=True, gc=False):
    """An item that has become part of the picture, and when it happened (server's clock)."""

    item: AnyItem
    at: float


@dataclass(frozen=True)
class State:
    """What is known of one server. `stale`: why a snapshot is needed; empty while the picture is true.

    `offset` is the least difference seen between our clock and the server's: what a message needs beyond it
    is lag, whatever the clocks say.
    """

    picture: Picture = field(default_factory=Picture)
    stale: str = NOT_YET
    held: tuple[Published, ...] = ()
    offset: float = 0.0


@dataclass(frozen=True)
class Result:
    """The next state, and what has happened."""

    state: State
    news: tuple[News, ...] = ()


def reduce(state: State, message: Snapshot | Published, now: float) -> Result:
    """Take one message that arrived at `now`, seconds of our clock."""
    if isinstance(message, Snapshot):
        return _snapshot(state, message, now)
    if state.stale:
        return Result(_hold(state, message))
    offset = now - message.at
    state = replace(state, offset=min(state.offset, offset))
    lag = offset - state.offset
    result = _published(state, message)
    # What came twice may be as old as it likes.
    if result.news and not result.state.stale and lag > LONGEST_LAG:
        return Result(replace(result.state, stale=f"what arrives is {lag:.0f} s old"), result.news)
    return result


def distrust(state: State, why: str) -> State:
    """The connection broke: who answers next may even number from the beginning again."""
    return replace(state, picture=replace(state.picture, generation=-1), stale=why or NOT_YET, held=())


def _snapshot(state: State, snapshot: Snapshot, now: float) -> Result:
    picture = state.picture
    if snapshot.generation == picture.generation and snapshot.seq < picture.seq:
        return Result(state)  # it was overtaken by what it tells
    fresh = State(from_snapshot(snapshot, picture), stale="", offset=now - snapshot.at)
    news: tuple[News, ...] = _opened(picture, fresh.picture)
    for held in state.held:
        if held.generation != snapshot.generation:
            # Was the server there before the snapshot, or after it? Another snapshot tells.
            fresh = replace(fresh, stale="the server has started anew")
        elif fresh.stale:
            fresh = _hold(fresh, held)
        else:
            result = _published(fresh, held)
            fresh, news = result.state, news + result.news
    return Result(fresh, news)


def _opened(before: Picture, after: Picture) -> tuple[News, ...]:
    """Approvals that the snapshot tells of and that were not seen before: nobody may miss them."""
    infos: list[ApprovalInfo] = [
        each.info for key, each in after.approvals.items() if each.open and key not in before.approvals
    ]
    return tuple(News(ApprovalUpdated(approval=info, state="open"), info.since) for info in infos)


def _hold(state: State, message: Published) -> State:
    """Keep it for the snapshot to come. What is of another generation than the last is of no use."""
    held = tuple(each for each in state.held if each.generation == message.generation)
    return replace(state, held=(*held, message)[-MOST_HELD:])


def _published(state: State, message: Published) -> Result:
    picture = state.picture
    if message.generation != picture.generation:
        why = "the server has started anew"
        return Result(_hold(replace(state, stale=why), message))
    last = message.seq + len(message.items) - 1
    if last <= picture.seq:
        return Result(state)  # it came twice
    if message.seq > picture.seq + 1:
        missing = message.seq - picture.seq - 1
        return Result(_hold(replace(state, stale=f"{count(missing, 'event')} missed"), message))
    new = message.items[picture.seq + 1 - message.seq :]
    draft = Draft(picture)
    for item in new:
        draft.apply(item, message.at)
    news = tuple(News(item, message.at) for item in new)
    return Result(replace(state, picture=draft.finish(last, message.at)), news)
