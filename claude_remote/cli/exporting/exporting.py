"""Streaming a session's log out: what the server sends is written, and nothing of it is kept."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from claude_remote.cli.attaching.views import in_json
from claude_remote.cli.exporting.markdown import MarkdownView
from claude_remote.cli.reaching import Reach, reach_server
from claude_remote.cli.terminal import Terminal
from claude_remote.client.events import Event
from claude_remote.errors import Misconfigured

_PATIENCE = 120.0

Write = Callable[[bytes], object]


def export(reach: Reach, session: str, terminal: Terminal, *, form: str, path: Path | None) -> int:
    """Write the whole log, up to where it stands now. Raises RemoteError."""
    with reach_server(reach, terminal) as client:
        info = client.find(session)
        with _target(path, terminal) as write:
            show = _json(write) if form == "jsonl" else MarkdownView(write, info).show
            # By its id, for a name may be changed while we look.
            with client.attach(info.id, follow=False, patience=_PATIENCE) as exchange:
                for event in exchange:
                    show(event)
                show(None)
    return 0


def _json(write: Write) -> Callable[[Event | None], None]:
    def show(event: Event | None) -> None:
        line = None if event is None else in_json(event)
        if line is not None:
            write(line)

    return show


@contextmanager
def _target(path: Path | None, terminal: Terminal) -> Iterator[Write]:
    """Standard output, or a file that is there whole or not at all, readable by its owner alone."""
    if path is None:
        yield terminal.write
        return
    import tempfile

    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.absolute().parent)
    except OSError as error:
        raise Misconfigured(f"cannot write into {path.absolute().parent}: {error.strerror}") from None
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123  a descriptor, not a path
            yield file.write
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise Misconfigured(f"cannot write {path}: {error.strerror}") from None
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
