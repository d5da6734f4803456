"""Markdown becomes paragraphs; HTML, links and pictures stay letters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from claude_remote_gui.text.markdown import LONGEST, render


def shown(text: str) -> list[str]:
    return [f"{paragraph.style}|{'  ' * paragraph.indent}{paragraph.text}" for paragraph in render(text)]


def test_what_claude_usually_writes() -> None:
    assert shown(
        "# Plan\n\nDo **this** first:\n\n1. `make`\n2. look\n   - closely\n\n```sh\nls -l\n\nrm x\n```"
    ) == [
        "heading|Plan",
        "text|Do this first:",
        "text|  1. make",
        "text|  2. look",
        "text|    • closely",
        "code|ls -l",
        "code|",
        "code|rm x",
    ]


def test_marks() -> None:
    (paragraph,) = render("**bold** *italic* `code` ~~gone~~")
    looks = {span.text: (span.bold, span.italic, span.mono, span.struck) for span in paragraph.spans}
    assert looks["bold"] == (True, False, False, False)
    assert looks["italic"] == (False, True, False, False)
    assert looks["code"] == (False, False, True, False)
    assert looks["gone"] == (False, False, False, True)


def test_html_is_letters() -> None:
    assert shown("<b>Allowed</b> <img src=x>") == ["text|<b>Allowed</b> <img src=x>"]
    assert shown("<div>\nhello\n</div>") == ["text|<div> hello </div>"]


def test_links_show_where_they_lead() -> None:
    assert shown("[docs](https://example.com/a)") == ["text|docs (https://example.com/a)"]
    assert shown("<https://example.com>") == ["text|https://example.com"]
    assert shown("![a cat](file:///etc/passwd)")[0].startswith("text|")


def test_a_table_keeps_its_columns() -> None:
    assert shown("| a | bee |\n|---|---|\n| long | c |") == ["table|a     bee", "table|long  c"]


def test_what_is_too_long_is_shown_as_it_is() -> None:
    assert len(render("*" * LONGEST + "\n_end_")) == 2


@given(st.text(alphabet=st.sampled_from("*_`#->|[]()<b>\n 1.~!\u202e\x1b\u2029ä"), max_size=200))
def test_whatever_it_is_there_are_paragraphs_without_line_breaks(text: str) -> None:
    for paragraph in render(text):
        assert not set(paragraph.text) & set("\n\r\x1b\u2029\u202e")
