"""The accounts of an errand's two ends: within the window, and never stuck."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_remote import codec
from claude_remote import messages as m
from claude_remote.errors import BadMessage
from claude_remote.messages import BULK, WINDOW
from claude_remote.parcels import Accounts, Parcel, union


def test_ordinary_parcels_leave_room_for_urgent_ones() -> None:
    accounts = Accounts()
    for _ in range(BULK):
        accounts.sent()
    assert (accounts.room, accounts.urgent_room) == (0, WINDOW - BULK)
    accounts.credited(1)
    assert (accounts.room, accounts.urgent_room) == (1, WINDOW - BULK + 1)


@given(st.lists(st.sampled_from(["send", "urgent", "take", "take urgent"]), max_size=300))
def test_in_any_order_the_window_holds_and_what_is_taken_makes_room(steps: list[str]) -> None:
    sender, receiver = Accounts(), Accounts()
    waiting: deque[bool] = deque()  # whether urgent
    under_way = 0
    for step in steps:
        if step == "send" and sender.room:
            sender.sent()
            waiting.append(False)
            under_way += 1
        elif step == "urgent" and sender.urgent_room:
            sender.sent()
            waiting.append(True)
            under_way += 1
        elif step.startswith("take") and (step == "take urgent") in waiting:
            urgent = step == "take urgent"
            waiting.remove(urgent)
            credit = receiver.taken(urgent=urgent)
            sender.credited(credit)
            under_way -= credit
        assert under_way <= WINDOW
        assert waiting or sender.room >= BULK // 2, "everything is taken, and still nothing may be sent"
        assert True in waiting or sender.urgent_room, "a signal cannot pass"


def test_a_header_is_read_as_what_is_expected() -> None:
    parcel = Parcel(codec.pack(m.Output(error=True)), b"oh")
    assert parcel.read(union(m.FromCommand)) == m.Output(error=True)
    with pytest.raises(BadMessage):
        parcel.read(union(m.ToCommand))
