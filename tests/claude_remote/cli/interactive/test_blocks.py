from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_remote.cli.interactive import blocks
from claude_remote.cli.interactive.blocks import Blocks

TEXT = """\
# Two ways

There are *two*
ways:

1. First
2. Second

   still the second

```python
def f():

    return 1
```
Right behind it.
| a | b |
|---|---|
| 1 | 2 |

> quoted

---
The end"""
WHOLE = [
    "# Two ways\n\n",
    "There are *two*\nways:\n\n",
    "1. First\n2. Second\n\n   still the second\n\n",
    "```python\ndef f():\n\n    return 1\n```\n",
    "Right behind it.\n",
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n",
    "> quoted\n\n",
    "---\n",
    "The end",
]


def feed(*pieces: str) -> list[str]:
    divided = Blocks()
    return [block for piece in pieces for block in divided.feed(piece)] + divided.flush()


def test_blocks() -> None:
    assert feed(TEXT) == WHOLE


def test_letter_by_letter() -> None:
    assert feed(*TEXT) == WHOLE


@given(st.lists(st.integers(0, len(TEXT)), max_size=12))
def test_wherever_it_is_cut(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(TEXT)]
    assert feed(*(TEXT[a:b] for a, b in pairwise(places))) == WHOLE


@given(st.text(alphabet="a#-*`~>|1. \n\t\x0c\u2028"), st.integers(0, 20))
def test_nothing_is_lost(text: str, cut: int) -> None:
    assert "".join(feed(text[:cut], text[cut:])) == text


def test_a_block_is_finished_by_the_next_and_not_by_a_blank_line() -> None:
    divided = Blocks()
    assert divided.feed("- a\n\n") == []
    assert divided.feed("  more of a\n") == []
    assert divided.feed("\nnext") == []
    assert divided.feed("\n") == ["- a\n\n  more of a\n\n"]
    assert divided.flush() == ["next\n"]


def test_half_a_line_finishes_nothing() -> None:
    divided = Blocks()
    divided.feed("text\n")
    assert divided.feed("#") == []  # a heading, or a tag
    assert divided.feed("tag\n") == []
    assert divided.rest == "text\n#tag\n"


@pytest.mark.parametrize("line", ["word " * 50 + "\n", "x" * 300])
def test_a_text_without_blocks_is_cut(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.setattr(blocks, "LONGEST", 1000)
    divided = Blocks()
    finished = [block for _ in range(20) for block in divided.feed(line)]
    assert finished
    assert len(divided.rest) <= 1000 + len(line)
    assert "".join([*finished, *divided.flush()]) == line * 20


def test_a_code_block_that_is_cut_stays_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "LONGEST", 1000)
    divided = Blocks()
    pieces = [block for piece in ["```c\n", *["int x;\n"] * 400, "```\n"] for block in divided.feed(piece)]
    pieces += divided.flush()
    assert len(pieces) > 1
    assert all(piece.startswith("```c\n") and piece.endswith("```\n") for piece in pieces)
    assert "".join(pieces).count("int x;") == 400
