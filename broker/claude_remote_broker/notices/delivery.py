"""How one notice gets to one hook. Each way gives "" or, in words, why it did not arrive."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Protocol

import msgspec

from claude_remote_broker.notices.notice import Notice

PATIENCE = 30.0  # seconds for one attempt
_WORDS = 300  # of what a command said when it failed


class Way(Protocol):
    """One hook's way."""

    name: str

    async def deliver(self, notice: Notice) -> str:
        """Try once, at most PATIENCE seconds. Never raises."""


class Command:
    """A command of the owner's, with JSON on its stdin. Its exit code 0 says that it arrived."""

    def __init__(self, words: Sequence[str], environ: Mapping[str, str]) -> None:
        self.name = words[0]
        self._words = words
        self._environ = dict(environ)

    async def deliver(self, notice: Notice) -> str:
        """See Way. A command that takes longer is killed, with all that it has started in its group."""
        told = msgspec.json.encode({**msgspec.structs.asdict(notice), "title": notice.title}) + b"\n"
        with tempfile.TemporaryFile() as errors:
            try:
                process = await asyncio.create_subprocess_exec(
                    *self._words,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=errors,
                    env=self._environ,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                return str(error)
            try:
                async with asyncio.timeout(PATIENCE):
                    await process.communicate(told)
            except TimeoutError:
                return f"it took more than {PATIENCE:.0f} s"
            finally:
                if process.returncode is None:
                    with suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
                    await process.wait()
            if process.returncode == 0:
                return ""
            errors.seek(0)
            said = " ".join(errors.read(_WORDS).decode(errors="replace").split())
            return f"it ended with {process.returncode}{': ' if said else ''}{said}"


class Url:
    """Any service that apprise knows (extra `notify`). The URL may hold secrets, and is told nowhere."""

    def __init__(self, url: str) -> None:
        self.name = f"{url.partition('://')[0]}://…"
        self._url = url

    async def deliver(self, notice: Notice) -> str:
        """See Way. One that takes longer goes on in its thread, and nobody waits for it."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await asyncio.to_thread(self._notify, notice)
        except TimeoutError:
            return f"it took more than {PATIENCE:.0f} s"

    def _notify(self, notice: Notice) -> str:
        try:
            import apprise
        except ImportError:
            return "apprise is not installed: pip install 'claude-remote-bus[notify]'"
        try:
            service = apprise.Apprise()
            if not service.add(self._url):
                return "apprise does not understand this URL"
            arrived = service.notify(title=notice.title, body=notice.body, body_format="text")
        except Exception as error:  # noqa: BLE001  a hundred services, each with errors of its own
            return f"{type(error).__name__}: {error}"
        return "" if arrived else "the service did not take it"
