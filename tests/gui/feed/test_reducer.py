"""Whatever is lost, comes twice or comes late: the picture is the server's, or says that it is not."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from claude_remote.feed import (
    AnyItem,
    ApprovalUpdated,
    ClientChanged,
    ClientForgotten,
    PromptUpdated,
    Published,
    SessionForgotten,
    SessionUpdated,
    Snapshot,
)
from claude_remote.messages import ApprovalInfo, ClientInfo, PromptState, SessionInfo, SessionState
from claude_remote_gui.feed.picture import MOST_RECEIPTS, Picture
from claude_remote_gui.feed.reducer import MOST_HELD, State, distrust, reduce
from tests.gui import values

NOW = 5_000.0


def feed(*messages: Snapshot | Published, state: State | None = None) -> State:
    state = state or State()
    for message in messages:
        state = reduce(state, message, NOW).state
    return state


def test_nothing_is_shown_as_true_before_the_first_snapshot() -> None:
    assert State().stale
    state = feed(values.published(1, SessionUpdated(session=values.session(1))))
    assert state.stale
    assert not state.picture.sessions


def test_a_snapshot_and_what_follows() -> None:
    working = values.session(1, state=SessionState.WORKING)
    state = feed(
        values.snapshot(seq=3, sessions=(values.session(1), values.session(2))),
        values.published(4, SessionUpdated(session=working)),
    )
    assert not state.stale
    assert state.picture.sessions == {working.id: working, values.ident(2): values.session(2)}


def test_what_was_held_is_applied_on_top_of_the_snapshot() -> None:
    later = values.session(1, name="later")
    state = feed(
        values.published(4, SessionUpdated(session=values.session(1))),
        values.published(5, SessionUpdated(session=later)),
        values.snapshot(seq=4, sessions=(values.session(1),)),
    )
    assert not state.stale
    assert state.picture.sessions == {later.id: later}


def test_a_gap_is_said_and_ends_in_a_snapshot() -> None:
    first = feed(values.snapshot(seq=1))
    gap = feed(values.published(4, SessionUpdated(session=values.session(1))), state=first)
    assert gap.stale == "2 events missed"
    healed = feed(values.snapshot(seq=5), state=gap)
    assert not healed.stale
    assert not healed.picture.sessions


def test_another_life_of_the_server_is_said() -> None:
    first = feed(values.snapshot(seq=9))
    other = feed(values.published(1, ClientChanged(client=values.client()), generation=2), state=first)
    assert other.stale == "the server has started anew"
    assert not feed(values.snapshot(generation=2, seq=1), state=other).stale


def test_a_server_that_counts_from_the_beginning_again_is_believed_after_a_break() -> None:
    first = feed(values.snapshot(seq=9, sessions=(values.session(1),)))
    state = feed(values.snapshot(seq=2), state=distrust(first, "the connection broke"))
    assert not state.stale
    assert not state.picture.sessions


def test_lag_is_said_whatever_the_clocks_say() -> None:
    session = SessionUpdated(session=values.session(1))
    state = reduce(State(), values.snapshot(seq=0), 2_000.0).state  # our clock is 1,000 s ahead
    state = reduce(state, values.published(1, session, at=1_001.0), 2_001.1).state
    assert not state.stale
    state = reduce(state, values.published(2, session, at=1_002.0), 2_003.5).state
    assert state.stale == "what arrives is 2 s old"
    assert not reduce(state, values.snapshot(seq=2, at=1_003.6), 2_003.7).state.stale


def test_what_a_snapshot_has_overtaken_is_not_late() -> None:
    session = SessionUpdated(session=values.session(1))
    state = reduce(State(), values.snapshot(seq=5, at=1_000.0), 1_000.0).state
    state = reduce(state, values.published(5, session, at=990.0), 1_000.0).state
    assert not state.stale


def test_receipts_stay_until_something_may_have_been_missed() -> None:
    asked = values.approval(1)
    state = feed(
        values.snapshot(seq=0, approvals=(asked,)),
        values.published(1, ApprovalUpdated(approval=asked, state="decided", by="bob")),
    )
    assert state.picture.approvals[asked.id].by == "bob"
    assert feed(values.snapshot(seq=1), state=state).picture.approvals  # nothing has happened since
    assert not feed(values.snapshot(seq=2), state=state).picture.approvals


def test_an_approval_that_only_the_snapshot_tells_of_is_news() -> None:
    result = reduce(State(), values.snapshot(approvals=(values.approval(1),)), NOW)
    assert [news.item for news in result.news] == [ApprovalUpdated(approval=values.approval(1), state="open")]


def test_a_turn_is_timed_from_its_start() -> None:
    def prompt(state: PromptState) -> PromptUpdated:
        return PromptUpdated(prompt="p", session=values.ident(1), client="me", state=state)

    state = feed(values.snapshot(), values.published(1, prompt(PromptState.RUNNING), at=1_007.0))
    assert state.picture.turns == {values.ident(1): 1_007.0}
    assert not feed(values.published(2, prompt(PromptState.DONE)), state=state).picture.turns


def test_what_a_server_can_make_it_hold_is_bounded() -> None:
    item = SessionUpdated(session=values.session(1))
    state = feed(*(values.published(seq, item) for seq in range(1, MOST_HELD + 10)))
    assert len(state.held) == MOST_HELD
    done = [ApprovalUpdated(approval=values.approval(n), state="finished") for n in range(MOST_RECEIPTS + 10)]
    state = feed(values.snapshot(), values.published(1, *done))
    assert len(state.picture.approvals) == MOST_RECEIPTS


# --- any order -----------------------------------------------------------------------------------------


@dataclass
class Server:
    """What a server would say of itself after each item, worked out in the plainest way."""

    generation: int = 1
    seq: int = 0
    clients: dict[str, ClientInfo] = field(default_factory=dict)
    sessions: dict[str, SessionInfo] = field(default_factory=dict)
    approvals: dict[str, ApprovalInfo] = field(default_factory=dict)

    def publish(self, *items: AnyItem) -> Published:
        message = values.published(self.seq + 1, *items, generation=self.generation)
        for item in items:
            self.seq += 1
            match item:
                case ClientChanged(client=client):
                    self.clients[client.fingerprint] = client
                case ClientForgotten(fingerprint=fingerprint):
                    self.clients.pop(fingerprint, None)
                case SessionUpdated(session=session):
                    self.sessions[session.id] = session
                case SessionForgotten(session=key):
                    self.sessions.pop(key, None)
                case ApprovalUpdated(approval=approval, state="open"):
                    self.approvals[approval.id] = approval
                case ApprovalUpdated(approval=approval):
                    self.approvals.pop(approval.id, None)
        return message

    def snapshot(self) -> Snapshot:
        return values.snapshot(
            self.generation,
            self.seq,
            clients=tuple(self.clients.values()),
            sessions=tuple(self.sessions.values()),
            approvals=tuple(self.approvals.values()),
        )

    def restart(self) -> None:
        self.generation, self.seq = self.generation + 1, 0


def seen(picture: Picture) -> tuple[object, ...]:
    """What a picture shares with a snapshot."""
    waiting = {key: each.info for key, each in picture.approvals.items() if each.open}
    return dict(picture.clients), dict(picture.sessions), waiting


def told(snapshot: Snapshot) -> tuple[object, ...]:
    return (
        {each.fingerprint: each for each in snapshot.clients},
        {each.id: each for each in snapshot.sessions},
        {each.id: each for each in snapshot.approvals},
    )


few = st.integers(1, 3)
items: st.SearchStrategy[AnyItem] = st.one_of(
    st.builds(
        lambda n, name: SessionUpdated(session=values.session(n, name=name)), few, st.sampled_from("abc")
    ),
    st.builds(lambda n, at: ClientChanged(client=values.client(n, last_seen=at)), few, st.floats(0, 9)),
    st.builds(lambda n: ClientForgotten(fingerprint=values.client(n).fingerprint), few),
    st.builds(lambda n: SessionForgotten(session=values.session(n).id), few),
    st.builds(
        lambda n, state: ApprovalUpdated(approval=values.approval(n), state=state),
        few,
        st.sampled_from(["open", "decided", "finished", "void"]),
    ),
)
steps = st.lists(
    st.one_of(st.lists(items, min_size=1, max_size=3), st.sampled_from(["snapshot", "restart"])), max_size=25
)


@settings(max_examples=300)
@given(steps, st.data())
def test_in_any_order_it_is_what_the_server_had_or_says_that_it_is_not(
    history: list[list[AnyItem] | str], data: st.DataObject
) -> None:
    server = Server()
    truth = {(1, 0): told(server.snapshot())}
    sent: list[Snapshot | Published] = []
    for step in history:
        if isinstance(step, list):
            for item in step:  # so that the truth is known after each of them
                sent.append(server.publish(item))
                truth[server.generation, server.seq] = told(server.snapshot())
        elif step == "snapshot":
            sent.append(server.snapshot())
        else:
            server.restart()
            truth[server.generation, 0] = told(server.snapshot())
    # Lost, twice, late: any choice out of what was sent, in any order.
    arriving = data.draw(st.lists(st.sampled_from(sent), max_size=40)) if sent else []
    if data.draw(st.booleans()):
        arriving = [message for message in sent if message in arriving]

    state = State()
    for message in arriving:
        state = reduce(state, message, NOW).state
        if not state.stale:
            assert seen(state.picture) == truth[state.picture.generation, state.picture.seq]
    for _ in range(3):  # a snapshot is asked for while one is needed
        if state.stale or (state.picture.generation, state.picture.seq) != (server.generation, server.seq):
            state = reduce(state, server.snapshot(), NOW).state
    assert not state.stale
    assert seen(state.picture) == told(server.snapshot())
