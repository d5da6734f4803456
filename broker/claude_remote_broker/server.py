"""The server's life: what it checks before, what it puts together, and how it ends."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import Iterator, MutableMapping
from contextlib import AsyncExitStack, contextmanager

import uvloop

from claude_remote.errors import Restarting
from claude_remote.paths import Paths
from claude_remote.version import VERSION
from claude_remote.versions import Versions
from claude_remote_broker import handover, tasks
from claude_remote_broker.audit.entry import Entry
from claude_remote_broker.door import Door
from claude_remote_broker.handover import Handover, Kept, WayBack, keep
from claude_remote_broker.hints import add_line
from claude_remote_broker.lag import LagWatch
from claude_remote_broker.limits import Limits, raise_open_files
from claude_remote_broker.listeners import find_port, in_words, name_address
from claude_remote_broker.lives import Ending, Life
from claude_remote_broker.notify import Notifier
from claude_remote_broker.parts import Parts, assemble
from claude_remote_broker.preparing import Prepared, prepare
from claude_remote_broker.settings import Settings
from claude_remote_broker.state_lock import StateLock
from claude_remote_broker.window import Window, start_window

log = logging.getLogger(__name__)

# The way down, seconds: turns are interrupted and claudes end by themselves; then lines are cut and whatever
# is left is killed, 8 s after the signal; 10 s after it nothing of us runs.
_QUIET_WITHIN = 6.0
_ZYGOTE_WITHIN = 1.5


def serve(settings: Settings, paths: Paths, environ: MutableMapping[str, str]) -> int:
    """Run the server until a signal ends it. Blocking. Raises Failure or a RemoteError, with the remedy."""
    before = handover.take(environ)
    back = None if before is None else WayBack(before)
    lock = StateLock(paths.lock, None if before is None else before.lock)
    try:
        try:
            prepared = prepare(settings, paths, environ)
            server = Server(prepared, lock, before, back)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                after = runner.run(server.run())
        except Exception:
            if back is None or not back.is_open:
                raise
            log.exception("version %s does not come up; going back to the one before", VERSION)
            handover.block()
            after = back.handover
        if after is not None:
            handover.execute(after, environ)
    finally:
        lock.release()
    return 0


class Server:
    """One life of the server."""

    def __init__(
        self,
        prepared: Prepared,
        lock: StateLock,
        before: Handover | None = None,
        back: WayBack | None = None,
    ) -> None:
        self._prepared = prepared
        self._settings = prepared.settings
        self._paths = prepared.paths
        self._lock = lock
        self._before = before
        self._back = back
        self._versions = Versions(self._paths.versions)
        self._life = Life(lock.tell_problem, () if before is None else before.defects, self._versions)
        self._notifier = Notifier(prepared.environ)
        self._closers = AsyncExitStack()
        self._port: int | None = None
        self._window: Window | None = None
        self._kept: tuple[Kept, ...] = ()

    async def run(self) -> Handover | None:
        """Serve until a signal; then end everything below, within 10 s, or leave it to the next life.

        What that needs, if this process is to be it.
        """
        loop = asyncio.get_running_loop()
        self._life.handle_signals(loop)
        self._lag = LagWatch(loop)
        raise_open_files(Limits())
        async with self._closers:
            await self._serve(loop)
        if self._life.ending is not Ending.RESTART:
            return None
        return Handover(
            pid=os.getpid(),
            lock=self._lock.descriptor,
            listeners=self._kept,
            window=0 if self._window is None else self._window.pid,
            defects=self._life.defects,
            command=tuple(self._life.command),
            before=tuple(handover.own_command()) if self._life.command else (),
        )

    async def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        parts = await assemble(self._prepared, loop, self._life, self._lag, self._closers)
        where = self._listen(parts.adapters.door)
        # From here on there may be workers, which must not outlive a server that was told to end.
        parts.broker.start(parts.adapters)
        try:
            await parts.adapters.launcher.start()
            self._note(parts, "server-started", where=where, claude=self._prepared.claude.version)
            self._announce(parts, where)
            self._settle()
            self._start_window()
            with self._watching():
                await self._life.wait()
        finally:
            goes_back = self._back is not None and self._back.is_open
            if goes_back or self._life.ending in {Ending.MAKE_WAY, Ending.RESTART}:
                await self._hand_over(parts)
            else:
                await self._go_down(parts)

    def _listen(self, door: Door) -> str:
        """Open every way in, or go on with those of the life before. Where, in words."""
        where: list[str] = []
        if self._before is not None:
            listeners = self._before.sockets()
            door.listen_on(listeners)
            door.start()
            self._port = find_port(listeners)
            return in_words(listeners)
        if self._settings.tcp is not None:
            host, self._port = door.listen_tcp(*self._settings.tcp)
            where.append(name_address(host, self._port))
        if self._settings.unix is not None:
            door.listen_unix(self._settings.unix.absolute())
            where.append(f"unix:{self._settings.unix.absolute()}")
        door.listen_control(self._paths.control_socket)
        door.start()
        return " and ".join(where)

    def _announce(self, parts: Parts, where: str) -> None:
        own = self._prepared.identity.fingerprint
        self._lock.tell(where)
        scale, idle = parts.scale, self._settings.idle
        log.info(
            "%s (%s), up to %d at once (%s); parked %s",
            self._prepared.claude.path,
            self._prepared.claude.version,
            scale.most,
            parts.scale_by,
            f"after {idle:g} s without work, but for {scale.least}" if idle else "only when room is needed",
        )
        print(f"claude-remote-server: listening on {where}, fingerprint {own}", flush=True)
        if self._port is not None and sys.stderr.isatty():
            print(add_line(own, self._port), file=sys.stderr)
        self._notifier.ready(f"listening on {where}, up to {scale.most} claudes at once")

    def _settle(self) -> None:
        """It has come up: there is no way back from here, and what did not come up is not tried again."""
        if self._back is not None:
            self._back.close()
        try:
            failed = self._versions.settle(sys.prefix)
        except OSError as error:
            log.warning("cannot write into %s: %s", self._versions.folder, error.strerror)
            return
        if failed:
            log.error("version %s did not come up; this one, %s, goes on", failed, VERSION)

    def _note(self, parts: Parts, kind: str, outcome: str = "done", **detail: str) -> None:
        """For the audit, of the server itself."""
        parts.adapters.audit.record(
            Entry(kind=kind, at=time.time(), outcome=outcome, detail={"version": VERSION, **detail})
        )

    def _start_window(self) -> None:
        if self._before is not None and self._before.window:
            self._window = Window(self._before.window)
        elif self._settings.window:
            self._window = start_window(self._prepared.environ)
        if self._window is not None:
            self._window.attend(asyncio.get_running_loop())
        self._closers.push_async_callback(self._end_window)

    async def _end_window(self) -> None:
        """A window stays through a restart: somebody may be writing in it."""
        if self._window is not None and self._life.ending is not Ending.RESTART:
            await asyncio.to_thread(self._window.end)

    @contextmanager
    def _watching(self) -> Iterator[None]:
        """Measure the loop's pauses, and tell systemd that we live."""
        self._lag.start()
        every = self._notifier.watchdog_every
        alive = tasks.spawn(self._tell_alive(every), "watchdog") if every else None
        try:
            yield
        finally:
            self._lag.stop()
            if alive is not None:
                alive.cancel()

    async def _tell_alive(self, every: float) -> None:
        while True:
            self._notifier.alive()
            await asyncio.sleep(every)

    async def _go_down(self, parts: Parts) -> None:
        """Turns are interrupted and claudes end by themselves; then lines are cut and the rest is killed."""
        log.info("ending; once more to hurry")
        self._notifier.stopping()
        adapters = parts.adapters
        quiet = await parts.broker.shut_down(_QUIET_WITHIN, self._life.hurry)
        if not quiet:
            log.warning("not everything ended by itself; killing what is left")
        self._note(parts, "server-ended", "done" if quiet else "killed")
        parts.broker.stop()
        await asyncio.gather(adapters.door.close(), adapters.launcher.stop(_ZYGOTE_WITHIN))
        for path in (self._paths.bus_socket, self._paths.feed_socket):
            path.unlink(missing_ok=True)

    async def _hand_over(self, parts: Parts) -> None:
        """Nothing that runs is ended: the next life finds the workers, and clients come back to it."""
        log.info("making way for the next life of this server; what runs goes on")
        self._notifier.reloading()
        adapters = parts.adapters
        self._note(parts, "server-ended", "restart")
        # From here on the workers keep what they have to say: nothing of it is acknowledged any more.
        parts.broker.stop()
        listeners = adapters.door.give_up_listening()
        if self._life.ending in {Ending.RESTART, None}:  # None: it goes back to the life before
            self._kept = keep(listeners)
        else:
            for listener in listeners:
                listener.close()
        await adapters.door.close(Restarting())
        await adapters.launcher.leave()
        handover.block()
        if self._life.ending is Ending.END:  # that was wanted meanwhile
            await adapters.launcher.stop(_ZYGOTE_WITHIN)
