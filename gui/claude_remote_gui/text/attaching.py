"""Files of this machine as parts of a prompt: the exchange carries text, so text files become text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from claude_remote_gui.text.harmless import harmless

MOST_BYTES = 256 * 1024
MOST_FILES = 16


class CannotAttach(Exception):
    """In words for the user."""


@dataclass(frozen=True)
class Attachment:
    """A file: its name, and what was in it when it was attached."""

    name: str
    text: str


def read_attachment(path: Path) -> Attachment:
    """Read a text file. Raises CannotAttach for what is none, or too long."""
    try:
        if not path.is_file():
            raise CannotAttach(f"{path.name} is no file")
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise CannotAttach(f"{path.name} cannot be read: {error.strerror or error}") from None
    if len(data) > MOST_BYTES:
        raise CannotAttach(f"{path.name} has more than {MOST_BYTES // 1024} KiB: copy it to the server")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise CannotAttach(
            f"{path.name} is no text: prompts carry text alone; copy it to the server and name its path"
        )
    return Attachment(harmless(path.name), text)


def with_attachments(words: str, attachments: Sequence[Attachment]) -> str:
    """The prompt with the files behind it."""
    files = [
        f'<attached-file name="{each.name.replace(chr(34), "_")}">\n{each.text.rstrip()}\n</attached-file>'
        for each in attachments
    ]
    return "\n\n".join([words, *files])
