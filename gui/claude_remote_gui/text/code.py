"""Code in colours. The colours come from pygments, which is loaded when there is code to colour."""

from __future__ import annotations

from functools import lru_cache

from claude_remote_gui.text.harmless import harmless, lines
from claude_remote_gui.text.paragraphs import Span, Tone

LONGEST = 20_000  # letters; lexing more of them takes longer than a frame

_TONES: tuple[tuple[str, Tone], ...] = (
    ("Token.Comment", "comment"),
    ("Token.Keyword", "keyword"),
    ("Token.Operator.Word", "keyword"),
    ("Token.Name.Tag", "keyword"),
    ("Token.Name.Function", "name"),
    ("Token.Name.Class", "name"),
    ("Token.Literal.String", "string"),
    ("Token.Literal.Number", "number"),
    ("Token.Generic.Inserted", "good"),
    ("Token.Generic.Deleted", "bad"),
)


def highlight(code: str, language: str) -> tuple[tuple[Span, ...], ...]:
    """The lines of some code; without colours when its language is not known, or it is long."""
    language = language.strip().split(" ")[0].lower()
    if not language or len(code) > LONGEST:
        return tuple((Span(line, mono=True),) for line in lines(code))
    return _highlight(code, language)


@lru_cache(maxsize=256)
def _highlight(code: str, language: str) -> tuple[tuple[Span, ...], ...]:
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language, ensurenl=False, stripnl=False)
    except ClassNotFound:
        return tuple((Span(line, mono=True),) for line in lines(code))
    done: list[tuple[Span, ...]] = []
    line: list[Span] = []
    for kind, text in lexer.get_tokens(code.replace("\r\n", "\n")):
        tone = _tone(str(kind))
        for number, piece in enumerate(text.split("\n")):
            if number:
                done.append(tuple(line) or (Span("", mono=True),))
                line = []
            if piece:
                line.append(Span(harmless(piece), mono=True, tone=tone))
    done.append(tuple(line) or (Span("", mono=True),))
    return tuple(done)


def _tone(kind: str) -> Tone:
    """For `Token.Literal.String.Doc` and the like."""
    return next((tone for beginning, tone in _TONES if kind.startswith(beginning)), "")
