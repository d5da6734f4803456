from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_remote import bus
from claude_remote.envelope import seal, unseal
from claude_remote.errors import BadMessage, NoCommonVersion, RemoteError, UnknownMessage
from tests.claude_remote.shapes import any_of

TABLES = [bus.FROM_WORKER, bus.FROM_BROKER]


@given(st.data(), st.binary(max_size=50))
@pytest.mark.parametrize("table", TABLES, ids=["from worker", "from broker"])
def test_every_verb_comes_back(
    table: dict[bytes, type[bus.Verb]], data: st.DataObject, payload: bytes
) -> None:
    for kind in table.values():
        verb = data.draw(any_of(kind))
        assert unseal(seal(verb, payload), table) == (verb, payload)


@pytest.mark.parametrize(
    "frames", [[], [b"\x01E"], [b"\x01E", b"", b"", b""], [b"", b"", b""], [b"\x01EE", b"", b""]]
)
def test_not_an_envelope(frames: list[bytes]) -> None:
    with pytest.raises(BadMessage):
        unseal(frames, bus.FROM_WORKER)


def test_another_version() -> None:
    code, header, payload = seal(bus.Beat())
    with pytest.raises(NoCommonVersion, match="not 2"):
        unseal([b"\x02" + code[1:], header, payload], bus.FROM_WORKER)


def test_the_verbs_of_the_other_direction_are_unknown() -> None:
    with pytest.raises(UnknownMessage):
        unseal(seal(bus.Who()), bus.FROM_WORKER)
    with pytest.raises(UnknownMessage):
        unseal(seal(bus.Gone(session="s", epoch=1)), bus.FROM_BROKER)


@given(
    st.sampled_from([b"\x01" + code for code in bus.FROM_WORKER]) | st.binary(max_size=3),
    st.binary(max_size=99),
)
def test_rubbish(code: bytes, header: bytes) -> None:
    try:
        unseal([code, header, b""], bus.FROM_WORKER)
    except RemoteError as error:
        assert len(error.message) < 300
