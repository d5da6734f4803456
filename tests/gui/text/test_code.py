"""Code in colours says what it said without them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_remote_gui.text.code import LONGEST, highlight
from claude_remote_gui.text.harmless import lines
from claude_remote_gui.text.markdown import render


def said(spans: tuple[tuple[object, ...], ...]) -> list[str]:
    return ["".join(span.text for span in line) for line in spans]  # type: ignore[attr-defined]


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\r")),
    st.sampled_from(["python", "bash", "diff", "", "no such language"]),
)
def test_nothing_is_added_or_lost(code: str, language: str) -> None:
    assert said(highlight(code, language)) == lines(code)


def test_python() -> None:
    ((define, *_rest),) = highlight("def f(): return 'x'  # why", "python")
    assert (define.text, define.tone, define.mono) == ("def", "keyword", True)
    tones = {span.text: span.tone for span in highlight("def f(): return 'x'  # why", "python")[0]}
    assert tones["f"] == "name"
    assert tones["# why"] == "comment"


def test_what_is_long_or_still_written_is_not_coloured() -> None:
    assert {span.tone for line in highlight("x = 1\n" * LONGEST, "python") for span in line} == {""}
    for coloured in (True, False):
        tones = {
            span.tone
            for each in render("```python\nimport os\n```", coloured=coloured)
            for span in each.spans
        }
        assert ("keyword" in tones) is coloured


@pytest.mark.parametrize("module", ["pygments"])
def test_it_is_loaded_when_it_is_needed(module: str) -> None:
    script = f"import sys, claude_remote_gui.text.items; print({module!r} in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
