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
        lines = _lines(self.rest[:whole])
        starts = block_starts(self.rest[:whole])
        if len(starts) < 2:
            return [self._cut()] if len(self.rest) > LONGEST else []
        finished = ["".join(lines[start:end]) for start, end in pairwise(starts)]
        self.rest = "".join(lines[starts[-1] :]) + self.rest[whole:]
        return finished

    def flush(self) -> list[str]:
        """The text has ended: what is left is finished."""
        rest, self.rest = self.rest, ""
        starts = block_starts(rest)
        lines = _lines(rest)
        return ["".join(lines[start:end]) for start, end in zip(starts, [*starts[1:], None], strict=True)]

    def _cut(self) -> str:
        at = self.rest.rfind("\n") + 1 or len(self.rest)
        part, self.rest = self.rest[:at], self.rest[at:]
        fence = open_fence(part)
        if fence:
            self.rest = f"{fence}\n{self.rest}"
            part += f"{fence.strip()[:3]}\n"
        return part


def block_starts(text: str) -> list[int]:
    """The lines on which the blocks of a text begin."""
    return sorted({token.map[0] for token in PARSER.parse(text) if token.level == 0 and token.map})


def open_fence(text: str) -> str:
    """The line that opens the code block of which this text consists; empty when it is another block."""
    first = text.lstrip("\n").partition("\n")[0]
    return first if first.lstrip().startswith(("```", "~~~")) else ""


def _lines(text: str) -> list[str]:
    # Not splitlines(): the parser knows \n alone as the end of a line.
    return re.findall(r"[^\n]*\n|[^\n]+", text)
