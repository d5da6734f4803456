"""What a tool would change in a file: the file after it, and the difference, line by line."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

_AROUND = 3  # lines that are shown around a change
_MOST_COMPARED = 4000  # lines that may differ; more are shown as taken out and put in


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
    """A unified difference, without the names of the files. Each line without its newline."""
    before, after = old.splitlines(), new.splitlines()
    # What is the same at both ends need not be compared.
    shortest = min(len(before), len(after))
    head = next((n for n in range(shortest) if before[n] != after[n]), shortest)
    tail = next((n for n in range(shortest - head) if before[-1 - n] != after[-1 - n]), shortest - head)
    start, end = max(0, head - _AROUND), max(0, tail - _AROUND)
    left, right = before[start : len(before) - end], after[start : len(after) - end]
    if len(left) > _MOST_COMPARED or len(right) > _MOST_COMPARED:
        yield f"@@ -{start + 1},{len(left)} +{start + 1},{len(right)} @@"
        yield from (f"-{line}" for line in left)
        yield from (f"+{line}" for line in right)
        return
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    for group in matcher.get_grouped_opcodes(_AROUND):
        _, first, _, first_new, _ = group[0]
        _, _, last, _, last_new = group[-1]
        yield (f"@@ -{start + first + 1},{last - first} +{start + first_new + 1},{last_new - first_new} @@")
        for tag, a, b, c, d in group:
            if tag == "equal":
                yield from (f" {line}" for line in left[a:b])
                continue
            yield from (f"-{line}" for line in left[a:b])
            yield from (f"+{line}" for line in right[c:d])
