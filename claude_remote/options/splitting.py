"""Reading a command line as claude's own parser reads it (commander, node), so that habits hold.

Its rules: `--x=value` is one value for an option that takes any; an option with a value takes the next word
whatever it looks like; one with an optional value, or many, only words that do not begin with a dash; `-cp`
is `-c -p`; after `--` nothing is an option. One thing is ours: after `--`, words that look like options are
passed on to claude (the way to give it one that this version does not know, with all the words behind it).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from claude_remote.errors import BadOption
from claude_remote.options.table import OPTIONS, Kind, Option, Values

_LOOKS_LIKE_OPTION = re.compile(r"--?[A-Za-z][A-Za-z0-9-]*(=.*)?", re.DOTALL)


class Found(NamedTuple):
    """An option as it was given. `option` is None when the table does not know it."""

    spelling: str
    option: Option | None
    values: tuple[str, ...]

    @property
    def name(self) -> str:
        """The long spelling."""
        return self.option.name if self.option else self.spelling

    def written(self) -> tuple[str, ...]:
        """The words that mean this and nothing else, whatever the values are: `--name=value`.

        Claude's parser adds up an option with many values that is repeated. Only an option that is not in
        the table is written as it was given.
        """
        if self.option is None:
            return (self.spelling, *self.values)
        if not self.values:
            return (self.name,)
        if not self.name.startswith("--"):
            return tuple(word for value in self.values for word in (self.name, value))
        return tuple(f"{self.name}={value}" for value in self.values)


class Parsed(NamedTuple):
    """A command line, taken apart."""

    options: tuple[str, ...]  # claude's, to be sent to the server
    own: tuple[Found, ...]  # those that claude-remote deals with, in their order
    words: tuple[str, ...]  # the prompt

    @property
    def rest(self) -> tuple[str, ...]:
        """What is not claude's, for another parser: `--resume=` is one without its optional value."""
        return (*(word for found in self.own for word in _rewritten(found)), "--", *self.words)


def split(argv: Sequence[str], own: Mapping[str, Values] | None = None) -> Parsed:
    """Separate claude's options from claude-remote's and from the prompt.

    `own`: claude-remote's options besides those it shares with claude, by every spelling. Raises BadOption
    for an option that has no meaning here, or lacks its value. An unknown option is taken to have no value,
    unless it stands behind `--`.
    """
    mine = {spelling: Option(spelling, values, Kind.OURS) for spelling, values in (own or {}).items()}
    known = {**OPTIONS, **mine}
    options: list[str] = []
    ours: list[Found] = []
    words: list[str] = []
    before, after = _at_dashes(argv, known)
    for item in (*read(before, known), *_passed_on(after)):
        if isinstance(item, str):
            words.append(item)
        elif item.option is not None and item.option.kind is Kind.REFUSED:
            raise refusal(item)
        elif item.option is not None and item.option.kind is Kind.OURS:
            ours.append(item)
        else:
            options.extend(item.written())
    return Parsed(tuple(options), tuple(ours), tuple(words))


def refusal(found: Found) -> BadOption:
    """The error for an option that is not passed on."""
    why = found.option.words if found.option and found.option.words else "claude-remote sets it itself"
    return BadOption(f"{found.spelling} is not for claude-remote: {why}.", option=found.spelling)


def read(argv: Sequence[str], known: Mapping[str, Option]) -> Iterator[Found | str]:
    """Read words, without `--` among them, by claude's rules. Options as Found, other words as they are."""
    left = deque(argv)
    while left:
        word = left.popleft()
        if not _is_option(word):
            yield word
        elif word in known:
            yield Found(word, known[word], _take(word, known[word].values, left))
        elif (joined := _joined(word, known)) is not None:
            yield joined
        elif not word.startswith("--") and len(word) > 2 and word[:2] in known:
            first = known[word[:2]]
            if first.values is Values.NONE:
                yield Found(word[:2], first, ())
                left.appendleft(f"-{word[2:]}")
            else:
                yield Found(word[:2], first, (word[2:],))
        else:
            yield Found(word, None, ())


def _is_option(word: str) -> bool:
    return len(word) > 1 and word.startswith("-")


def _take(spelling: str, values: Values, left: deque[str]) -> tuple[str, ...]:
    if values is Values.NONE:
        return ()
    if values is Values.OPTIONAL:
        return (left.popleft(),) if left and not _is_option(left[0]) else ()
    if not left:
        raise BadOption(f"{spelling} needs a value.", option=spelling)
    taken = [left.popleft()]
    while values is Values.MANY and left and not _is_option(left[0]):
        taken.append(left.popleft())
    return tuple(taken)


def _joined(word: str, known: Mapping[str, Option]) -> Found | None:
    name, equals, value = word.partition("=")
    if not equals or not name.startswith("--") or name not in known:
        return None
    if known[name].values is Values.NONE:
        raise BadOption(f"{name} takes no value.", option=name)
    return Found(name, known[name], (value,))


def _at_dashes(argv: Sequence[str], known: Mapping[str, Option]) -> tuple[Sequence[str], Sequence[str]]:
    """Divide at the `--` that is no option's value."""
    for position, word in enumerate(argv):
        if word == "--" and not _wants_value(argv[:position], known):
            return argv[:position], argv[position + 1 :]
    return argv, ()


def _wants_value(argv: Sequence[str], known: Mapping[str, Option]) -> bool:
    try:
        deque(read(argv, known), maxlen=0)
    except BadOption:
        return True
    return False


def _passed_on(argv: Sequence[str]) -> Iterator[Found | str]:
    """What stands behind `--`: words that look like options take the words after them along."""
    left = deque(argv)
    while left:
        word = left.popleft()
        if not _LOOKS_LIKE_OPTION.fullmatch(word):
            yield word
        elif word in OPTIONS or word.partition("=")[0] in OPTIONS:
            yield from read([word, *_run(left)], OPTIONS)
        else:
            yield Found(word, None, _run(left))


def _run(left: deque[str]) -> tuple[str, ...]:
    taken: list[str] = []
    while left and not _LOOKS_LIKE_OPTION.fullmatch(left[0]):
        taken.append(left.popleft())
    return tuple(taken)


def _rewritten(found: Found) -> tuple[str, ...]:
    if found.option is not None and found.option.values is Values.OPTIONAL and not found.values:
        return (f"{found.name}=",)
    return found.written()
