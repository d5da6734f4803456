"""Messages to msgpack and back, with every limit that a hostile peer could reach.

msgpack reads the bytes (bounded by its own limits), msgspec checks the shape against the declared Structs.
Nothing that arrives is trusted before both have passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar, get_args

import msgpack  # type: ignore[import-untyped]
import msgspec

from claude_remote.errors import BadMessage, UnknownMessage

MAX_DEPTH = 16
MAX_ITEMS = 4096
# So little can neither be large nor deep: what reads it at once needs no limits.
_SMALL = 1024

T = TypeVar("T")


class _Union(NamedTuple):
    """Its Structs by their tags. The union is kept, so that its id stays its own."""

    union: object
    field: str | None
    by_tag: dict[object, Any]


_unions: dict[int, _Union] = {}
_decoders: dict[type, msgspec.msgpack.Decoder[Any]] = {}
_encode = msgspec.msgpack.Encoder().encode


def pack(message: msgspec.Struct) -> bytes:
    """One message as a msgpack map."""
    return _encode(message)


def unpack(data: bytes, kind: type[T]) -> T:
    """Read one message of a declared (union of) type.

    Raises UnknownMessage for a tag that is not in the union, and BadMessage, in words fit for the peer, for
    everything else: broken msgpack, too deep, too many items, wrong types, values out of bounds.
    """
    try:
        plain = msgpack.unpackb(
            data,
            raw=False,
            strict_map_key=True,
            max_str_len=len(data),
            max_bin_len=len(data),
            max_array_len=MAX_ITEMS,
            max_map_len=MAX_ITEMS,
            max_ext_len=0,
        )
    except (ValueError, msgpack.exceptions.UnpackException, RecursionError) as error:
        raise BadMessage(f"not a msgpack message: {_short(error)}") from None
    if not isinstance(plain, dict):
        raise BadMessage("a message must be a map")
    if _depth_exceeds(plain, MAX_DEPTH):
        raise BadMessage(f"a message is nested deeper than {MAX_DEPTH}")
    try:
        return msgspec.convert(plain, _member(plain, kind))
    except msgspec.ValidationError as error:
        if str(error).startswith("Invalid value") and str(error).endswith("`$.kind`"):
            raise UnknownMessage(f"unknown kind of message: {str(plain.get('kind'))[:40]!r}") from None
        raise BadMessage(_short(error)) from None


def unpack_own(data: bytes, kind: type[T]) -> T:
    """Likewise, of a program of ours: what is short, as nearly everything is, is read in a tenth of the time.

    The words for what is broken are the same.
    """
    if len(data) <= _SMALL:
        try:
            return _decoder(kind).decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass  # judged below
    return unpack(data, kind)


def _member(plain: Mapping[object, object], kind: type[T]) -> type[T]:
    """Of a union the one that is meant. To convert to a union is to look at all that is in it, each time.

    What is tagged as none of them is left to the union: it has the words for that.
    """
    union = _unions.get(id(kind))
    if union is None:
        members = get_args(kind)
        fields = {member.__struct_config__.tag_field for member in members}
        field = fields.pop() if len(fields) == 1 else None
        by_tag = {member.__struct_config__.tag: member for member in members} if field else {}
        union = _unions[id(kind)] = _Union(kind, field, by_tag)
    tag = plain.get(union.field)
    return union.by_tag.get(tag, kind) if isinstance(tag, str) else kind


def _decoder(kind: type[T]) -> msgspec.msgpack.Decoder[T]:
    decoder: msgspec.msgpack.Decoder[T] | None = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.msgpack.Decoder(kind)
    return decoder


def pack_environment(environment: Mapping[str, str]) -> bytes:
    """An environment as a msgpack map. Bytes that are not UTF-8 survive, as os.environ gives them."""
    packed: bytes = msgpack.packb(dict(environment), use_bin_type=True, unicode_errors="surrogateescape")
    return packed


def unpack_environment(data: bytes) -> dict[str, str]:
    """The environment that pack_environment has packed. Raises BadMessage."""
    try:
        plain = msgpack.unpackb(data, raw=False, unicode_errors="surrogateescape")
        return msgspec.convert(plain, dict[str, str])
    except (ValueError, msgpack.exceptions.UnpackException, msgspec.ValidationError) as error:
        raise BadMessage(f"not an environment: {_short(error)}") from None


def _depth_exceeds(value: Any, left: int) -> bool:
    if left == 0:
        return True
    if isinstance(value, dict):
        return any(_depth_exceeds(item, left - 1) for item in value.values())
    if isinstance(value, list):
        return any(_depth_exceeds(item, left - 1) for item in value)
    return False


def _short(error: Exception) -> str:
    """The words of an error; they may quote the peer, and end up in logs and on terminals."""
    words = "".join(letter if letter.isprintable() else "?" for letter in str(error)[:200])
    return words or type(error).__name__
