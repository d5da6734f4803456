"""What a tool would change in a file: the file after it, and the difference, line by line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Any

NO_NEWLINE = "\\ No newline at the end"
_AROUND = 3  # lines that are shown around a change
_MOST_COMPARED = 4000  # lines that may differ; more are shown as taken out and put in


def read(tool: str, content: bytes) -> str:
    """A file's content as the tool sees it. Those that edit read it with \\n at the ends of its lines, and
    write it with what was there: as observed with Claude Code 2.1.330.
    """
    text = content.decode(errors="replace")
    return text.replace("\r\n", "\n") if tool in {"Edit", "MultiEdit"} else text


def apply(tool: str, given: dict[str, Any], content: str) -> str | None:
    """The file's content after the tool; None when that cannot be told: what it replaces is not there."""
    match (tool, given):
        case ("Write", {"content": str(new)}):
            return new
        case ("Edit", _):
            return _replace(given, content)
        case ("MultiEdit", {"edits": list(edits)}):
            changed: str | None = content
            for edit in edits:
                changed = _replace(edit, changed) if isinstance(edit, dict) and changed is not None else None
            return changed
        case _:
            return None


def _replace(edit: dict[str, Any], content: str) -> str | None:
    match edit:
        case {"old_string": "", "new_string": str(new)}:
            return new if not content else None
        case {"old_string": str(old), "new_string": str(new)} if old in content:
            return content.replace(old, new) if edit.get("replace_all") else content.replace(old, new, 1)
        case _:
            return None


def compare(old: str, new: str) -> Iterator[str]:
    """A unified difference, without the names of the files. Each line without its newline; only newlines
    divide, and a last line without one is followed by words that say so.
    """
    before, after = _lines(old), _lines(new)
    # What is the same at both ends need not be compared.
    shortest = min(len(before), len(after))
    head = next((n for n in range(shortest) if before[n] != after[n]), shortest)
    tail = next((n for n in range(shortest - head) if before[-1 - n] != after[-1 - n]), shortest - head)
    start, end = max(0, head - _AROUND), max(0, tail - _AROUND)
    left, right = before[start : len(before) - end], after[start : len(after) - end]
    if len(left) > _MOST_COMPARED or len(right) > _MOST_COMPARED:
        yield f"@@ -{start + 1},{len(left)} +{start + 1},{len(right)} @@"
        yield from _marked("-", left)
        yield from _marked("+", right)
        return
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    for group in matcher.get_grouped_opcodes(_AROUND):
        _, first, _, first_new, _ = group[0]
        _, _, last, _, last_new = group[-1]
        yield (f"@@ -{start + first + 1},{last - first} +{start + first_new + 1},{last_new - first_new} @@")
        for tag, a, b, c, d in group:
            if tag == "equal":
                yield from _marked(" ", left[a:b])
                continue
            yield from _marked("-", left[a:b])
            yield from _marked("+", right[c:d])


def _lines(text: str) -> list[str]:
    """With their newlines, so that it makes a difference whether the last has one."""
    found = [f"{line}\n" for line in text.split("\n")]
    last = found.pop().removesuffix("\n")
    return [*found, last] if last else found


def _marked(mark: str, lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield mark + line.removesuffix("\n")
        if not line.endswith("\n"):
            yield NO_NEWLINE
