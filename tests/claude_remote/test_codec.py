from __future__ import annotations

import os
import tracemalloc
from collections.abc import Iterator
from typing import Any

import msgpack  # type: ignore[import-untyped]
import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.inspect import (
    DictType,
    FloatType,
    IntType,
    NamedTupleType,
    StructType,
    UnionType,
    VarTupleType,
    type_info,
)

from claude_remote import bus, codec, feed, launch, messages
from claude_remote.errors import BadMessage, RemoteError, UnknownMessage
from claude_remote.framing import MAX_HEADER
from tests.claude_remote.shapes import any_of

UNIONS: list[Any] = [
    messages.FromClient,
    messages.FromServer,
    launch.AnyOrder,
    launch.AnyReport,
    feed.Published,
    feed.Snapshot,
    messages.ToCommand,
    messages.FromCommand,
]
VERBS = [*bus.FROM_WORKER.values(), *bus.FROM_BROKER.values()]


FROM_CLIENT: Any = messages.FromClient


def packed(value: object) -> bytes:
    data: bytes = msgpack.packb(value)
    return data


@given(st.data())
@pytest.mark.parametrize(
    "union",
    UNIONS,
    ids=["from client", "from server", "order", "report", "feed", "snapshot", "to command", "from command"],
)
def test_every_message_comes_back(union: Any, data: st.DataObject) -> None:
    message = data.draw(any_of(union))
    assert codec.unpack(codec.pack(message), union) == message


@given(st.data())
@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.__name__)
def test_a_short_way_reads_the_same(verb: type[bus.Verb], data: st.DataObject) -> None:
    message = data.draw(any_of(verb))
    plain = msgpack.packb(msgspec.to_builtins(message, builtin_types=(bytes,)))
    assert codec.pack(message) == plain
    assert codec.unpack_own(plain, verb) == message == codec.unpack(plain, verb)


@given(
    st.binary(max_size=60)
    | st.dictionaries(st.text(max_size=8), st.integers(-(2**63), 2**63), max_size=4).map(packed)
)
def test_a_short_way_has_the_same_words_for_what_is_broken(data: bytes) -> None:
    def told(read: Any) -> object:
        try:
            return read(data, bus.Ack)
        except RemoteError as error:
            return type(error), error.message

    assert isinstance(told(codec.unpack_own), bus.Ack) or told(codec.unpack_own) == told(codec.unpack)


@given(
    st.fixed_dictionaries(
        {"kind": st.sampled_from(["ping", "prompt", "parcel", "seen", "pong", 5, None])},
        optional={
            name: st.none() | st.text(max_size=3) | st.integers(0, 99) for name in ("header", "id", "session")
        },
    )
)
def test_what_is_meant_is_read_as_the_whole_union_would_read_it(plain: dict[str, object]) -> None:
    def told(read: Any) -> object:
        try:
            return read()
        except (RemoteError, msgspec.ValidationError) as error:
            return str(error)

    by_union = told(lambda: msgspec.convert(plain, FROM_CLIENT))
    by_tag = told(lambda: codec.unpack(packed(plain), FROM_CLIENT))
    if not isinstance(by_union, str) or "Invalid value" not in by_union:
        assert by_tag == by_union


@given(st.data())
@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.__name__)
def test_every_verb_comes_back(verb: type[bus.Verb], data: st.DataObject) -> None:
    message = data.draw(any_of(verb))
    assert codec.unpack(codec.pack(message), verb) == message


def test_every_message_is_in_a_union() -> None:
    reachable = set(messages.FromClient.__args__) | set(messages.FromServer.__args__)
    assert reachable == set(_leaves(messages.Message))


def _leaves(kind: type[messages.Message]) -> Iterator[type[messages.Message]]:
    """Those that nothing is derived from: the others are no messages but what messages are made of."""
    below = kind.__subclasses__()
    for one in below:
        yield from _leaves(one)
    if not below:
        yield kind


def test_every_request_has_its_right() -> None:
    assert set(messages.Request.__args__) - {messages.Ring} <= set(messages.NEEDS)


def test_unknown_fields_are_ignored() -> None:
    assert codec.unpack(packed({"kind": "ping", "new": [1]}), FROM_CLIENT) == messages.Ping()


@pytest.mark.parametrize("kind", ["pong", "", "x" * 1000, 5, None, [], b"ping"])
def test_unknown_kinds(kind: object) -> None:
    with pytest.raises((UnknownMessage, BadMessage)) as caught:
        codec.unpack(packed({"kind": kind}), FROM_CLIENT)
    assert len(caught.value.message) < 300
    if isinstance(kind, str):
        assert isinstance(caught.value, UnknownMessage)


def test_what_a_peer_wrote_is_quoted_without_its_control_characters() -> None:
    with pytest.raises(BadMessage) as caught:
        codec.unpack(packed({"kind": "decide", "approval": "x", "behavior": "\x1b[31m\n"}), FROM_CLIENT)
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    "value",
    [
        None,
        5,
        [],
        {},
        {5: 6},
        {b"kind": "ping"},
        {"kind": "hello"},
        {"kind": "hello", "version": 5},
        {"kind": "hello", "version": "x" * 65},
        {"kind": "hello", "version": "1", "protocols": [1] * 17},
        {"kind": "hello", "version": "1", "protocols": ["1"]},
        {"kind": "interrupt", "session": "x" * 1025},
        {"kind": "prompt", "id": "00000000-0000-0000-0000-000000000000\n", "target": {}, "size": 1},
        {"kind": "prompt", "id": "00000000-0000-0000-0000-000000000000", "target": {}, "size": 0},
        {"kind": "prompt", "id": "00000000-0000-0000-0000-000000000000", "target": {}, "size": 2**64 - 1},
        {"kind": "attach", "session": "s", "after": [1]},
        {"kind": "attach", "session": "s", "after": [1, 2, 3]},
        {"kind": "decide", "approval": "00000000-0000-0000-0000-000000000000", "behavior": "maybe"},
    ],
    ids=repr,
)
def test_wrong_shapes(value: object) -> None:
    with pytest.raises(BadMessage):
        codec.unpack(packed(value), FROM_CLIENT)


def words_for(kind: Any) -> str:
    """A short name for a union or a class."""
    return getattr(kind, "__name__", "a union")


def numbers_in(kind: Any) -> list[tuple[str, IntType | FloatType]]:
    """Every number in these messages, with the place where it stands."""
    found = []
    for path, inner in walk(type_info(kind)):
        if isinstance(inner, IntType | FloatType):
            found.append((path, inner))
    return found


def walk(kind: Any, path: str = "", above: tuple[Any, ...] = ()) -> Iterator[tuple[str, Any]]:
    yield path, kind
    if kind in above:
        return
    match kind:
        case UnionType():
            inner = [(path, each) for each in kind.types]
        case StructType():
            inner = [(f"{path}.{kind.cls.__name__}.{field.encode_name}", field.type) for field in kind.fields]
        case NamedTupleType():
            inner = [(f"{path}.{field.encode_name}", field.type) for field in kind.fields]
        case VarTupleType():
            inner = [(f"{path}[]", kind.item_type)]
        case DictType():
            inner = [(f"{path}{{}}", kind.key_type), (f"{path}{{}}", kind.value_type)]
        case _:
            inner = []
    for place, each in inner:
        yield from walk(each, place, (*above, kind))


@pytest.mark.parametrize("kind", [messages.FromClient, messages.FromServer, *VERBS], ids=words_for)
def test_every_number_of_a_peer_has_both_bounds(kind: Any) -> None:
    money = {".cost"}
    for path, number in numbers_in(kind):
        if not any(path.endswith(end) for end in money):
            assert number.ge is not None, path
            assert number.le is not None, path


UUID = "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize("number", [-1, 2**53 + 1, 2**63, 2**64 - 1])
@pytest.mark.parametrize("place", [0, 1])
def test_a_cursor_out_of_bounds(place: int, number: int) -> None:
    after = [1, 1]
    after[place] = number
    for value in (
        {"kind": "attach", "session": "s", "after": after},
        {"kind": "prompt", "id": UUID, "target": {}, "size": 1, "after": after},
    ):
        with pytest.raises(BadMessage):
            codec.unpack(packed(value), FROM_CLIENT)


@pytest.mark.parametrize("field", ["epoch", "first", "count", "at"])
@pytest.mark.parametrize("number", [-1, 2**53 + 1, 2**64 - 1, float("nan"), float("inf")])
def test_a_batch_out_of_bounds(field: str, number: float) -> None:
    batch: dict[str, object] = {
        "session": "s",
        "epoch": 1,
        "first": 1,
        "count": 1,
        "source": "fact",
        "at": 1.0,
    }
    assert codec.unpack(packed(batch), bus.Batch).epoch == 1
    with pytest.raises(BadMessage):
        codec.unpack(packed({**batch, field: number}), bus.Batch)


BOMBS = {
    "nested arrays": b"\x91" * (MAX_HEADER - 1) + b"\xc0",
    "nested maps": b"\x81\xa1a" * (MAX_HEADER // 3) + b"\xc0",
    "just too deep": packed({"kind": "ping", "x": [[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]}),
    "array of 4 billion": b"\x81\xa1a\xdd\xff\xff\xff\xff",
    "map of 4 billion": b"\xdf\xff\xff\xff\xff",
    "text of 4 GB": b"\x81\xa1a\xdb\xff\xff\xff\xff",
    "bytes of 4 GB": b"\x81\xa1a\xc6\xff\xff\xff\xff",
    "extension of 4 GB": b"\x81\xa1a\xc9\xff\xff\xff\xff\x01",
    "a time": b"\x81\xa1a\xd6\xff\x00\x00\x00\x00",
    "many items": b"\x81\xa1a" + packed([0] * (codec.MAX_ITEMS + 1)),
    "many empty maps": b"\x81\xa1a" + packed([{}] * (codec.MAX_ITEMS + 1)),
    "text that is none": b"\x81\xa1a\xa1\xff",
    "never used byte": b"\xc1",
    "cut off": packed({"kind": "ping"})[:-1],
    "two at once": packed({"kind": "ping"}) * 2,
    "nothing": b"",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_refused_in_bounded_memory(bomb: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(BadMessage) as caught:
            codec.unpack(BOMBS[bomb], FROM_CLIENT)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * 1024 * 1024
    assert len(caught.value.message) < 300


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=10)
    | st.binary(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8) | st.binary(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)
KINDS = st.sampled_from([one.__struct_config__.tag for one in messages.Message.__subclasses__()])
FIELDS = st.sampled_from(
    sorted({field for one in messages.Message.__subclasses__() for field in one.__struct_fields__})
)


def survives(data: bytes) -> None:
    for union in UNIONS[:4]:
        try:
            message = codec.unpack(data, union)
        except RemoteError as error:
            assert len(error.message) < 300
        else:
            assert isinstance(message, msgspec.Struct)


@given(st.binary(max_size=300))
def test_rubbish(data: bytes) -> None:
    survives(data)


@given(VALUES)
def test_msgpack_of_any_shape(value: object) -> None:
    survives(packed(value))


@given(KINDS, st.dictionaries(FIELDS, VALUES, max_size=5))
@example("prompt", {"id": "x", "target": {"options": [b""]}, "size": float("nan")})
def test_known_kinds_with_any_fields(kind: str, fields: dict[str, object]) -> None:
    survives(packed({"kind": kind, **fields}))


@given(any_of(messages.FromClient), st.integers(0), st.integers(0, 255))
def test_a_message_with_one_changed_byte(message: messages.Message, place: int, byte: int) -> None:
    data = bytearray(codec.pack(message))
    data[place % len(data)] = byte
    survives(bytes(data))


@given(st.dictionaries(st.binary(min_size=1), st.binary(), max_size=8))
def test_an_environment_comes_back_whatever_its_bytes_are(environment: dict[bytes, bytes]) -> None:
    asked = {os.fsdecode(name): os.fsdecode(value) for name, value in environment.items()}
    assert codec.unpack_environment(codec.pack_environment(asked)) == asked


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x93\x01\x02\x03", b"\x81\xa1A\x01"])
def test_what_is_no_environment(data: bytes) -> None:
    with pytest.raises(BadMessage, match="not an environment"):
        codec.unpack_environment(data)
