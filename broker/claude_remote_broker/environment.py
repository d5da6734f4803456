"""Claude's environment: the server's, less what marks a nested start, plus the owner's `env` file.

A service reads no shell profile, so tokens, proxies and CLAUDE_CONFIG_DIR are put into that file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from claude_remote_broker.failure import Failure
from claude_remote_broker.notify import without_notify

# What claude's own Bash tool exports to its children (observed on claude 2.1.330), and the lease marker of a
# worker: a server started from there would otherwise pass them on.
_NESTED = frozenset(
    {
        "CLAUDECODE",
        "CLAUDE_CODE_CHILD_SESSION",
        "CLAUDE_CODE_SESSION_ID",
        "CLAUDE_PID",
        "CLAUDE_EFFORT",
        "CLAUDE_REMOTE_LEASE",
    }
)
_NESTED_PREFIX = "CLAUDE_CODE_MESSAGING_"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "$": "$"}
_MAX_FILE = 256 * 1024


def claude_environment(environ: Mapping[str, str], additions: Path) -> dict[str, str]:
    """What claude is started with. Raises Failure when the file `additions` cannot be read."""
    return clean(environ) | read_additions(additions)


def clean(environ: Mapping[str, str]) -> dict[str, str]:
    """Without the marks of a nested start and without systemd's handles on the service itself."""
    return {
        name: value
        for name, value in without_notify(environ).items()
        if name not in _NESTED and not name.startswith(_NESTED_PREFIX)
    }


def read_additions(path: Path) -> dict[str, str]:
    """The variables of the file, none if it does not exist. Raises Failure, naming file and line."""
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_FILE + 1)
        if len(content) > _MAX_FILE:
            raise Failure(f"{path} is larger than {_MAX_FILE // 1024} KiB; it holds KEY=VALUE lines only")
        return dict(_parse(path, content.decode()))
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        raise Failure(f"{path} is not text in UTF-8; it holds KEY=VALUE lines") from None
    except OSError as error:
        raise Failure(f"cannot read {path}: {error.strerror}; make it readable for this user") from None


def _parse(path: Path, text: str) -> Iterator[tuple[str, str]]:
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.removeprefix("export ").lstrip().partition("=")
        # Never the line itself: it may hold a token.
        if not equals or not _NAME.fullmatch(name):
            raise Failure(f"{path}, line {number}: expected KEY=VALUE or a comment (#)")
        try:
            yield name, _unquote(value.strip())
        except ValueError as error:
            raise Failure(f"{path}, line {number}: {error}") from None


def _unquote(value: str) -> str:
    """As a shell would read one word: '…' as it is, "…" with backslashes, else up to a comment."""
    if "\0" in value:
        raise ValueError("a value cannot hold a zero byte")
    if value[:1] == "'":
        return _quoted_end(value[1:], value[1:].find("'"))
    if value[:1] != '"':
        return re.split(r"\s#", value, maxsplit=1)[0].rstrip()
    out: list[str] = []
    position = 1
    while position < len(value):
        letter = value[position]
        if letter == '"':
            _quoted_end(value, position)
            return "".join(out)
        if letter == "\\" and value[position + 1 : position + 2] in _ESCAPES:
            position += 1
            letter = _ESCAPES[value[position]]
        out.append(letter)
        position += 1
    raise ValueError("a quote is not closed")


def _quoted_end(value: str, end: int) -> str:
    """What is before the closing quote at `end`; only a comment may follow it."""
    if end < 0:
        raise ValueError("a quote is not closed")
    rest = value[end + 1 :].strip()
    if rest and not rest.startswith("#"):
        raise ValueError("something follows the closing quote")
    return value[:end]
