"""The server's look at the options that a client sends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from claude_remote.errors import BadOption, RightMissing
from claude_remote.options.splitting import Found, read, refusal
from claude_remote.options.table import MODES, OPTIONS, Kind, Paths, short
from claude_remote.rights import Right


class Checked(NamedTuple):
    """Options that may be used. `rest` are those beside mode and model, written as claude shall get them."""

    paths: tuple[str, ...]  # files and folders of the server, which must lie inside the client's roots
    mode: str | None
    model: str | None
    rest: tuple[str, ...]


def check(options: Sequence[str], rights: frozenset[Right]) -> Checked:
    """Check claude's options against what the client may do.

    Raises BadOption for what is no option or is not passed on, RightMissing (detail: right, option) for what
    needs a right that is not there.
    """
    paths: list[str] = []
    rest: list[str] = []
    mode: str | None = None
    model: str | None = None
    for found in _found(options):
        needed = _right(found)
        if needed is not None and needed not in rights:
            name = short(found.spelling)
            what = f"{name} {found.values[-1]}" if found.name == "--permission-mode" else name
            raise RightMissing(f"{what} needs the right `{needed}`.", right=needed, option=name)
        paths.extend(_paths(found))
        match found.name:
            case "--permission-mode":
                mode = found.values[-1]
            case "--dangerously-skip-permissions":
                mode = "bypassPermissions"
            case "--model":
                model = found.values[-1]
            case _:
                rest.extend(found.written())
    if mode == "bypassPermissions" and "--allow-dangerously-skip-permissions" not in rest:
        rest.append("--allow-dangerously-skip-permissions")
    return Checked(tuple(paths), mode, model, tuple(rest))


def mode_right(mode: str) -> Right | None:
    """The right that a permission mode needs. Raises BadOption for one that claude does not know."""
    if mode not in MODES:
        known = ", ".join(MODES)
        raise BadOption(
            f"There is no permission mode {short(mode)!r}; there are {known}.", option=short(mode)
        )
    return MODES[mode]


def _found(options: Sequence[str]) -> Iterator[Found]:
    """The options; an unknown one has the words behind it as its values, for nobody knows better."""
    unknown: Found | None = None
    for item in read(options, OPTIONS):
        if isinstance(item, str):
            if unknown is None:
                raise BadOption(f"{short(item)!r} is not an option.", option=short(item))
            unknown = unknown._replace(values=(*unknown.values, item))
            continue
        if unknown is not None:
            yield unknown
        unknown = item if item.option is None else None
        if item.option is not None:
            if item.option.kind is not Kind.CLAUDE:
                raise refusal(item)
            yield item
    if unknown is not None:
        yield unknown


def _right(found: Found) -> Right | None:
    if found.option is None:
        return Right.EXEC
    if found.name == "--permission-mode":
        return mode_right(found.values[-1])
    return found.option.right


def _paths(found: Found) -> Iterable[str]:
    if found.option is None or found.option.paths is Paths.NO:
        return
    for value in found.values:
        if found.option.paths is Paths.UNLESS_JSON and _is_json(value):
            continue
        if not value or value.startswith("~"):
            raise BadOption(
                f"{found.spelling} needs the path written out, not {short(value)!r}.", option=found.spelling
            )
        yield value


def _is_json(value: str) -> bool:
    """Whether claude takes this for JSON and not for the name of a file: it tries to read it."""
    try:
        return isinstance(msgspec.json.decode(value), dict)
    except (ValueError, RecursionError):
        return False
