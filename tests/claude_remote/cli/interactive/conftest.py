"""A user at the interactive mode: keys in, and what stands on the terminal after them."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from claude_remote.cli.interactive import asking, run
from claude_remote.client import connect
from claude_remote.messages import Target
from tests.claude_remote.cli.interactive.emulator import Emulator
from tests.claude_remote.cli.interactive.session_server import PATIENCE, SessionServer
from tests.claude_remote.serving import Serve


class _Screen(io.StringIO):
    """A terminal's end that is written to."""

    encoding = "utf-8"

    def __init__(self, emulator: Emulator) -> None:
        super().__init__()
        self._emulator = emulator

    def write(self, text: str) -> int:
        self._emulator.feed(text)
        return len(text)

    def fileno(self) -> int:
        raise io.UnsupportedOperation


class User:
    """Types, and waits for what is shown."""

    def __init__(self, server: SessionServer, keys: PipeInput) -> None:
        self.server = server
        self.code: int | None = None
        self.error: BaseException | None = None
        self._keys = keys
        self.terminal = Emulator(80, 24)
        self._thread: threading.Thread | None = None

    def start(self, **options: Any) -> None:
        output = Vt100_Output(_Screen(self.terminal), lambda: Size(rows=24, columns=80), enable_cpr=False)

        def live() -> None:
            try:
                with connect() as client:
                    self.code = run(
                        client,
                        target=options.pop("target", Target()),
                        source=self._keys,
                        sink=output,
                        **options,
                    )
            except BaseException as error:
                self.error = error
                raise

        self._thread = threading.Thread(target=live)
        self._thread.start()

    @property
    def shown(self) -> str:
        return self.terminal.text

    def type(self, keys: str) -> None:
        self._keys.send_text(keys)

    def sees(self, words: str) -> None:
        """Wait until words are shown."""
        self._wait(lambda: words in self.shown, words)

    def sees_no_more(self, words: str) -> None:
        """Wait until words are gone."""
        self._wait(lambda: words not in self.shown, f"not {words}")

    def _wait(self, ready: Callable[[], bool], words: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not ready():
            assert self.error is None, self.error
            assert time.monotonic() < deadline, f"{words}:\n{self.shown}"
            time.sleep(0.01)

    def leaves(self) -> int:
        """Wait for the end."""
        assert self._thread is not None
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), self.shown
        assert self.error is None, self.error
        assert self.code is not None
        return self.code

    def close(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            self._keys.send_text("\x03\x03")
            self._thread.join(PATIENCE)
            if self._thread.is_alive():
                self._keys.send_text("\x04")


Sits = Callable[..., User]


@pytest.fixture
def sits(serve_locally: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sits]:
    """Sit down at a session: `sits(server, first_prompt=…)`."""
    monkeypatch.setattr(asking, "NOT_READ_YET", 0.0)  # tests read fast
    with ExitStack() as stack:

        @contextmanager
        def sitting(server: SessionServer) -> Iterator[User]:
            serve_locally(server.serve)
            with create_pipe_input() as keys:
                user = User(server, keys)
                try:
                    yield user
                finally:
                    user.close()
                    server.close()

        def sit(server: SessionServer | None = None, **options: Any) -> User:
            user = stack.enter_context(sitting(server or SessionServer()))
            user.start(**({"history": tmp_path / "history"} | options))
            user.sees("● connected")
            return user

        yield sit
