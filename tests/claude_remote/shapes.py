"""Any value of any declared type, for property tests: what msgspec would accept from a peer."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

LARGEST = 2**63 - 1


@cache
def any_of(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a type, a union of types or an annotated type."""
    return _shape(inspect.type_info(kind))


def _shape(kind: inspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.Metadata():
            return _shape(kind.type)
        case inspect.UnionType():
            return st.one_of([_shape(one) for one in kind.types])
        case inspect.StructType():
            fields = {field.name: _shape(field.type) for field in kind.fields}
            return st.builds(kind.cls, **fields)
        case inspect.NamedTupleType():
            return st.builds(kind.cls, **{field.name: _shape(field.type) for field in kind.fields})
        case inspect.VarTupleType():
            return st.lists(_shape(kind.item_type), max_size=min(kind.max_length or 3, 3)).map(tuple)
        case inspect.BytesType():
            least = kind.min_length or 0
            return st.binary(min_size=least, max_size=max(least, min(kind.max_length or 20, 20)))
        case inspect.DictType():
            return st.dictionaries(_shape(kind.key_type), _shape(kind.value_type), max_size=3)
        case _:
            return _plain(kind)


@cache
def _matching(pattern: str) -> st.SearchStrategy[str]:
    return st.from_regex(pattern)


def _plain(kind: inspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.StrType(pattern=str() as pattern):
            return _matching(pattern)
        case inspect.StrType():
            return st.text(max_size=min(kind.max_length or 20, 20))
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType():
            smallest = -LARGEST if kind.ge is None else kind.ge
            return st.integers(smallest, LARGEST if kind.le is None else kind.le)
        case inspect.FloatType():
            return st.floats(kind.ge, kind.le, allow_nan=False)
        case inspect.NoneType():
            return st.none()
        case inspect.EnumType():
            return st.sampled_from(list(kind.cls))
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case inspect.RawType():
            return st.builds(msgspec.Raw, st.sampled_from([b"[]", b"{}", b'"x"']))
    raise NotImplementedError(kind)
