"""The server's life: what it checks before, what it puts together, and how it ends."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import uvloop
import zmq

from claude_remote import files, identity
from claude_remote.identity import Identity
from claude_remote.paths import Paths
from claude_remote.version import VERSION
from claude_remote_broker import tasks
from claude_remote_broker.administration import Administration
from claude_remote_broker.audit.entry import Entry
from claude_remote_broker.audit.log import AuditLog
from claude_remote_broker.audit.reading import AuditReader
from claude_remote_broker.audit.scribe import Scribe
from claude_remote_broker.broker import Adapters, Broker
from claude_remote_broker.bus_socket import BusSocket
from claude_remote_broker.claude_program import ClaudeProgram, find_ready_claude
from claude_remote_broker.core import Core
from claude_remote_broker.door import Door
from claude_remote_broker.environment import claude_environment
from claude_remote_broker.failure import Failure
from claude_remote_broker.feed_socket import FeedSocket
from claude_remote_broker.folders import Folders
from claude_remote_broker.hints import add_line
from claude_remote_broker.journal import Journal, JournalUnusable
from claude_remote_broker.lag import LagWatch
from claude_remote_broker.launcher import Launcher
from claude_remote_broker.limits import Limits, raise_open_files
from claude_remote_broker.listeners import make_own_folder
from claude_remote_broker.mailbox import Mailbox
from claude_remote_broker.notices.hooks import Hooks
from claude_remote_broker.notify import Notifier
from claude_remote_broker.ports import AuditGrown, Event
from claude_remote_broker.preferences import Preferences, read_preferences
from claude_remote_broker.registry import Registry
from claude_remote_broker.settings import Settings, default_workers
from claude_remote_broker.state_lock import StateLock
from claude_remote_broker.window import end_window, start_window
from claude_remote_broker.worker_plan import WorkerPlan

log = logging.getLogger(__name__)

# The way down, seconds: turns are interrupted and claudes end by themselves; then lines are cut and whatever
# is left is killed, 8 s after the signal; 10 s after it nothing of us runs.
_QUIET_WITHIN = 6.0
_ZYGOTE_WITHIN = 1.5


class _Parts(NamedTuple):
    broker: Broker
    adapters: Adapters


@dataclass(frozen=True)
class Prepared:
    """What was found before anything runs."""

    settings: Settings
    paths: Paths
    environ: Mapping[str, str] = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)  # claude's
    claude: ClaudeProgram
    identity: Identity
    lock: StateLock
    preferences: Preferences


def serve(settings: Settings, paths: Paths, environ: Mapping[str, str]) -> int:
    """Run the server until a signal ends it. Blocking. Raises Failure or a RemoteError, with the remedy."""
    lock = StateLock(paths.lock)
    try:
        environment = claude_environment(environ, paths.environment)
        prepared = Prepared(
            settings=settings,
            paths=paths,
            environ=environ,
            environment=environment,
            claude=find_ready_claude(settings.claude, environment, paths.environment),
            identity=identity.load_or_create(paths.server_key, paths.server_certificate),
            lock=lock,
            preferences=read_preferences(paths.server_settings),
        )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(Server(prepared).run())
    finally:
        lock.release()
    return 0


class Server:
    """One run of the server."""

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self._settings = prepared.settings
        self._paths = prepared.paths
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._notifier = Notifier(prepared.environ)
        self._closers = AsyncExitStack()
        self._port: int | None = None

    async def run(self) -> None:
        """Serve until a signal; then end everything below, within 10 s."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        # The trust store is read again by itself; a hang-up of the terminal that started us is no reason.
        loop.add_signal_handler(signal.SIGHUP, lambda: None)
        raise_open_files(Limits())
        async with self._closers:
            await self._serve(loop)

    def _end(self) -> None:
        """SIGTERM or Ctrl-C; a second one hurries."""
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()

    async def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        parts = await self._assemble(loop)
        where = self._listen(parts.adapters.door)
        # From here on there may be workers, which must not outlive a server that was told to end.
        parts.broker.start(parts.adapters)
        try:
            await parts.adapters.launcher.start()
            self._note(parts, "server-started", where=where, claude=self._prepared.claude.version)
            self._announce(where)
            self._start_window()
            with self._watching(loop):
                await self._stop.wait()
        finally:
            await self._go_down(parts)

    async def _assemble(self, loop: asyncio.AbstractEventLoop) -> _Parts:
        """Open everything, listen to nobody yet. What is open is closed in the reverse order."""
        prepared, paths = self._prepared, self._paths
        make_own_folder(paths.run)
        files.make_private_folder(paths.spill)
        start = self._settings.cwd or Path.home()
        # A client that may `work` gets the home folder, or where sessions start if that lies elsewhere.
        home = Path.home() if start.is_relative_to(Path.home()) else start
        scribe = Scribe(keep_texts=prepared.preferences.audit.texts == "keep")
        audit = AuditLog(paths.audit, prepared.identity.fingerprint, scribe)
        await asyncio.to_thread(audit.open)
        self._closers.push_async_callback(asyncio.to_thread, audit.close)
        registry = await Registry.open(paths, prepared.identity, home=home, record=audit.record)
        registry.start()
        self._closers.push_async_callback(registry.close)

        def deliver(event: Event) -> None:
            broker.deliver(event)

        mailbox = Mailbox(loop, deliver)
        journal = Journal(paths.journal, mailbox.put)
        try:
            recovered = await asyncio.to_thread(journal.recover)
        except JournalUnusable as error:
            raise Failure(str(error)) from None
        self._closers.push_async_callback(asyncio.to_thread, journal.close)
        audit.grown = lambda head: mailbox.put(AuditGrown(head.seq))
        audit_reader = AuditReader(paths.audit, mailbox.put)
        self._closers.push_async_callback(asyncio.to_thread, audit_reader.close)
        core = Core(
            host=socket.gethostname(),
            version=VERSION,
            clients=registry,
            max_workers=self._settings.workers or default_workers(),
            recovered=recovered,
        )
        broker = Broker(core, loop)
        registry.watch(broker)
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context(io_threads=1)
        self._closers.callback(context.destroy, linger=0)
        bus = BusSocket(context, paths.bus_socket, broker.from_worker, loop)
        self._closers.callback(bus.close)
        feed = FeedSocket(context, paths.feed_socket)
        self._closers.callback(feed.close)
        private = (paths.config, paths.state, paths.run)
        folders = Folders(start, private)
        self._closers.callback(folders.close)
        plan = WorkerPlan(
            bus=paths.bus_socket,
            spill=paths.spill,
            claude=prepared.claude.path,
            state_id=journal.state_id,
            environment=prepared.environment,
            private=private,
        )
        launcher = Launcher(
            paths.zygote_socket, plan, prepared.environ, paths.state / "workers.log", broker.deliver
        )
        door = Door(registry, broker, is_ours=launcher.is_ours, audit=lambda: audit.head)
        self._closers.push_async_callback(door.close)
        administration = Administration(registry, door.send)
        hooks = Hooks(prepared.preferences.notify, prepared.environ)
        self._closers.push_async_callback(hooks.close)
        adapters = Adapters(
            door, bus, feed, journal, launcher, folders, administration, audit, audit_reader, hooks
        )
        return _Parts(broker, adapters)

    def _listen(self, door: Door) -> str:
        """Open every way in. Where, in words."""
        where: list[str] = []
        if self._settings.tcp is not None:
            host, port = door.listen_tcp(*self._settings.tcp)
            where.append(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
            self._port = port
        if self._settings.unix is not None:
            door.listen_unix(self._settings.unix.absolute())
            where.append(f"unix:{self._settings.unix.absolute()}")
        door.listen_control(self._paths.control_socket)
        door.start()
        return " and ".join(where)

    def _announce(self, where: str) -> None:
        own = self._prepared.identity.fingerprint
        self._prepared.lock.tell(where)
        workers = self._settings.workers
        log.info(
            "%s (%s), up to %d at once%s",
            self._prepared.claude.path,
            self._prepared.claude.version,
            workers or default_workers(),
            "" if workers else " by this machine's cores and memory; --workers N changes it",
        )
        print(f"claude-remote-server: listening on {where}, fingerprint {own}", flush=True)
        if self._port is not None and sys.stderr.isatty():
            print(add_line(own, self._port), file=sys.stderr)
        self._notifier.ready(f"listening on {where}")

    def _note(self, parts: _Parts, kind: str, outcome: str = "done", **detail: str) -> None:
        """For the audit, of the server itself."""
        parts.adapters.audit.record(
            Entry(kind=kind, at=time.time(), outcome=outcome, detail={"version": VERSION, **detail})
        )

    def _start_window(self) -> None:
        window = start_window(self._prepared.environ) if self._settings.window else None
        if window is not None:
            self._closers.push_async_callback(asyncio.to_thread, end_window, window)

    @contextmanager
    def _watching(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        """Measure the loop's pauses, and tell systemd that we live."""
        lag = LagWatch(loop)
        lag.start()
        every = self._notifier.watchdog_every
        alive = tasks.spawn(self._tell_alive(every), "watchdog") if every else None
        try:
            yield
        finally:
            lag.stop()
            if alive is not None:
                alive.cancel()

    async def _tell_alive(self, every: float) -> None:
        while True:
            self._notifier.alive()
            await asyncio.sleep(every)

    async def _go_down(self, parts: _Parts) -> None:
        """Turns are interrupted and claudes end by themselves; then lines are cut and the rest is killed."""
        log.info("ending; once more to hurry")
        self._notifier.stopping()
        adapters = parts.adapters
        quiet = await parts.broker.shut_down(_QUIET_WITHIN, self._hurry)
        if not quiet:
            log.warning("not everything ended by itself; killing what is left")
        self._note(parts, "server-ended", "done" if quiet else "killed")
        parts.broker.stop()
        await asyncio.gather(adapters.door.close(), adapters.launcher.stop(_ZYGOTE_WITHIN))
        for path in (self._paths.bus_socket, self._paths.feed_socket):
            path.unlink(missing_ok=True)
