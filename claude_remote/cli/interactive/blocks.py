"""Dividing Markdown, while it is still being written, into blocks that are finished and one that is not.

A block is finished when another one stands behind it: more text cannot change it any more (only whole lines
count, for `#` may become a heading or stay text). What is finished can be printed for good.
"""

from __future__ import annotations

import re
from itertools import pairwise

from markdown_it import MarkdownIt

# A block that grows beyond this is cut, whatever it is: everything that is open is drawn again and again.
LONGEST = 128 * 1024

# Raw HTML is text for a reader: Claude writes `Vec<T>` in the middle of a sentence.
PARSER = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"]).disable("image")


class Blocks:
    """Feed it text; it gives the blocks that are finished. `rest` is the one that is being written."""

    def __init__(self) -> None:
        self.rest = ""

    def feed(self, text: str) -> list[str]:
        """More text. The blocks that it finishes, in order."""
        before = len(self.rest)
        self.rest += text
        if "\n" not in self.rest[max(0, before - 1) :]:
            return [self._cut()] if len(self.rest) > LONGEST else []
        whole = self.rest.rfind("\n") + 1
        *finished, last = _divide(self.rest[:whole])
        self.rest = last + self.rest[whole:]
        return [*finished, self._cut()] if len(self.rest) > LONGEST else finished

    def flush(self) -> list[str]:
        """The text has ended: what is left is finished."""
        rest, self.rest = self.rest, ""
        return _divide(rest) if rest else []

    def _cut(self) -> str:
        at = self.rest.rfind("\n") + 1 or len(self.rest)
        part, self.rest = self.rest[:at], self.rest[at:]
        fence = open_fence(part)
        if fence:
            self.rest = f"{fence}\n{self.rest}"
            part += f"{fence.strip()[:3]}\n"
        return part


def open_fence(text: str) -> str:
    """The line that opens the code block of which this text consists; empty when it is another block."""
    first = text.lstrip("\n").partition("\n")[0]
    return first if first.lstrip().startswith(("```", "~~~")) else ""


def _divide(text: str) -> list[str]:
    """The text as its blocks, at least one."""
    # Not splitlines(): the parser knows \n alone as the end of a line.
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    starts = sorted({token.map[0] for token in PARSER.parse(text) if token.level == 0 and token.map})
    bounds = [0, *starts[1:], len(lines)]
    return ["".join(lines[start:end]) for start, end in pairwise(bounds)]
