"""A command line cut into the commands it is made of, or not understood.

Only what is plain is understood: words, quotes, `&&`, `||`, `;`, `|`, new lines, and output that is thrown
away or joined. Everything by which the text of a command differs from what runs (variables, substitutions,
groups, files written by the shell, escapes, comments, background) is not.
"""

from __future__ import annotations

import re

MAX_COMMAND = 16 * 1024
_WHITE = " \t"
_THROWN_AWAY = re.compile(r"(?:[12]?>>? *|&> *)/dev/null(?![^\s;|&])|(?:[12]?>&[12])(?![^\s;|&])")
# Of these each means something to the shell that a rule cannot see.
_FORBIDDEN = frozenset("$`(){}[]<>&#\\!~=")
_RESERVED_WORDS = (
    "if then elif else fi for while until do done case esac function select time coproc in exec eval source ."
    " builtin"
)
_RESERVED = frozenset(_RESERVED_WORDS.split())


def cut(text: str) -> list[str] | None:
    """The commands, each without the white space around it; None when it is not understood.

    A `*` or `?` in them may become any names of files.
    """
    if len(text) > MAX_COMMAND or not all(letter.isprintable() or letter in "\t\n" for letter in text):
        return None
    return _Cutter(text).run()


class _Cutter:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._part = ""
        self._parts: list[str] = []

    def run(self) -> list[str] | None:
        text = self._text
        while self._at < len(text):
            letter = text[self._at]
            if letter in "'\"":
                if not self._quoted(letter):
                    return None
            elif (thrown := self._thrown_away()) is not None:
                self._at += len(thrown)
            elif self._operator():
                if not self._end():
                    return None
            elif letter in _FORBIDDEN and not self._harmless(letter):
                return None
            else:
                self._part += letter
                self._at += 1
        return self._parts if self._end() and self._parts else None

    def _quoted(self, quote: str) -> bool:
        """Take a quoted text as it is."""
        end = self._text.find(quote, self._at + 1)
        if end < 0:
            return False
        inner = self._text[self._at + 1 : end]
        if quote == '"' and any(letter in inner for letter in "$`\\"):
            return False
        self._part += self._text[self._at : end + 1]
        self._at = end + 1
        return True

    def _thrown_away(self) -> str | None:
        """Output that goes nowhere, or where other output goes."""
        if self._part and self._part[-1] not in _WHITE and self._text[self._at] not in ">&":
            return None  # a digit that ends a word
        found = _THROWN_AWAY.match(self._text, self._at)
        return None if found is None else found[0]

    def _operator(self) -> bool:
        for operator in ("&&", "||", "|&", ";", "|", "\n"):
            if self._text.startswith(operator, self._at):
                self._at += len(operator)
                return True
        return False

    def _end(self) -> bool:
        """A command is whole."""
        part = self._part.strip(_WHITE)
        self._part = ""
        if not part:
            return True  # an empty line, or the end
        name = part.split(maxsplit=1)[0]
        if name in _RESERVED or "=" in name:
            return False
        self._parts.append(part)
        return True

    def _harmless(self, letter: str) -> bool:
        """An = within a word that is not the first, or a ~ that does not begin one."""
        within = bool(self._part) and self._part[-1] not in _WHITE
        return letter in "=~!" and within and (letter != "=" or " " in self._part.strip(_WHITE))
