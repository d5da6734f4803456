"""The owner's hooks: a bounded queue each, tried again with growing pauses, off the loop's way."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Mapping
from importlib.util import find_spec

from msgspec import Struct

from claude_remote_broker import tasks
from claude_remote_broker.notices.delivery import Command, Url, Way
from claude_remote_broker.notices.notice import Notice
from claude_remote_broker.notify import without_notify
from claude_remote_broker.preferences import Hook, Occasion

log = logging.getLogger(__name__)

MOST_WAITING = 100  # of one hook; then the oldest is dropped
PAUSES = (1.0, 5.0, 30.0, 120.0)  # seconds between attempts


class HookState(Struct):
    """How one hook fares, for `status`."""

    name: str
    delivered: int = 0
    failed: int = 0  # given up after all attempts
    dropped: int = 0  # never tried: too many waited
    waiting: int = 0
    error: str = ""  # of the last attempt, empty when it arrived


class Hooks:
    """All of them. Use on the loop."""

    def __init__(self, hooks: Iterable[Hook], environ: Mapping[str, str]) -> None:
        own = without_notify(environ)
        self._all = [
            _Line(hook.on, Command(hook.command, own) if hook.command else Url(hook.url)) for hook in hooks
        ]
        if any(isinstance(line.way, Url) for line in self._all) and find_spec("apprise") is None:
            log.error("notify: URLs need apprise: pip install 'claude-remote-bus[notify]'")

    @property
    def states(self) -> list[HookState]:
        """In the order of the settings."""
        return [line.state for line in self._all]

    def problems(self) -> list[str]:
        """Those that do not get through, in words."""
        return [
            f"notify {state.name}: {state.error or 'works again'};"
            f" {state.delivered} delivered, {state.failed} given up, {state.dropped} dropped"
            for state in self.states
            if state.error or state.failed or state.dropped
        ]

    def tell(self, notice: Notice) -> None:
        """Deliver this to whoever wants it. Returns at once."""
        for line in self._all:
            if notice.occasion in line.on:
                line.put(notice)

    async def close(self) -> None:
        """Try no more."""
        await tasks.end(*(line.task for line in self._all if line.task is not None))


class _Line:
    """One hook, one notice after the other."""

    def __init__(self, on: tuple[Occasion, ...], way: Way) -> None:
        self.on = on
        self.way = way
        self.state = HookState(way.name)
        self.task: asyncio.Task[None] | None = None
        self._waiting: deque[Notice] = deque()

    def put(self, notice: Notice) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.popleft()
            self.state.dropped += 1
        self._waiting.append(notice)
        self.state.waiting = len(self._waiting)
        if self.task is None or self.task.done():
            self.task = tasks.spawn(self._work(), f"notify {self.way.name}")

    async def _work(self) -> None:
        while self._waiting:
            notice = self._waiting.popleft()
            self.state.waiting = len(self._waiting)
            await self._deliver(notice)

    async def _deliver(self, notice: Notice) -> None:
        state = self.state
        for pause in (*PAUSES, None):
            state.error = await self.way.deliver(notice)
            if not state.error:
                state.delivered += 1
                return
            if pause is not None:
                log.warning("notify %s: %s; again in %.0f s", state.name, state.error, pause)
                await asyncio.sleep(pause)
        state.failed += 1
        log.error("notify %s: %s; given up: %s", state.name, state.error, notice.title)
