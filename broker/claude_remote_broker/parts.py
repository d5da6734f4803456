"""What a server is put together from."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import zmq

from claude_remote import files
from claude_remote.scale import Scale
from claude_remote.version import VERSION
from claude_remote_broker import logs
from claude_remote_broker.administration import Administration
from claude_remote_broker.audit.log import AuditLog
from claude_remote_broker.audit.reading import AuditReader
from claude_remote_broker.audit.scribe import Scribe
from claude_remote_broker.broker import Adapters, Broker
from claude_remote_broker.build import find_build
from claude_remote_broker.bus_socket import BusSocket
from claude_remote_broker.core import Core, Keep
from claude_remote_broker.door import Door
from claude_remote_broker.failure import Failure
from claude_remote_broker.feed_socket import FeedSocket
from claude_remote_broker.folders import Folders
from claude_remote_broker.journal import Journal, JournalUnusable
from claude_remote_broker.lag import LagWatch
from claude_remote_broker.launcher import Launcher
from claude_remote_broker.listeners import make_own_folder
from claude_remote_broker.lives import Life
from claude_remote_broker.mailbox import Mailbox
from claude_remote_broker.notices.hooks import Hooks
from claude_remote_broker.ports import AuditGrown, Event
from claude_remote_broker.preparing import Prepared
from claude_remote_broker.registry import Registry
from claude_remote_broker.scale import choose
from claude_remote_broker.stamps import stamp
from claude_remote_broker.surveyor import Surveyor
from claude_remote_broker.transcripts import Transcripts
from claude_remote_broker.worker_plan import WorkerPlan
from claude_remote_broker.zygote_keeper import ZygotePlan


class Parts(NamedTuple):
    """The core in its world, and who performs its commands.

    `scale`: how many claudes there may be; `scale_by`: who says so, in words.
    """

    broker: Broker
    adapters: Adapters
    scale: Scale
    scale_by: str


async def assemble(
    prepared: Prepared,
    loop: asyncio.AbstractEventLoop,
    life: Life,
    lag: LagWatch,
    closers: AsyncExitStack,
) -> Parts:
    """Open everything, listen to nobody yet. Raises Failure or a RemoteError, with the remedy.

    What is open is closed by `closers`, in the reverse order, also when the rest could not be opened.
    """
    settings, paths = prepared.settings, prepared.paths
    make_own_folder(paths.run)
    files.make_private_folder(paths.spill)
    start = settings.cwd or Path.home()
    # A client that may `work` gets the home folder, or where sessions start if that lies elsewhere.
    home = Path.home() if start.is_relative_to(Path.home()) else start
    scribe = Scribe(keep_texts=prepared.preferences.audit.texts == "keep")
    audit = AuditLog(paths.audit, prepared.identity.fingerprint, scribe)
    await asyncio.to_thread(audit.open)
    closers.push_async_callback(asyncio.to_thread, audit.close)
    registry = await Registry.open(paths, prepared.identity, home=home, record=audit.record)
    registry.start()
    closers.push_async_callback(registry.close)

    def deliver(event: Event) -> None:
        broker.deliver(event)

    mailbox = Mailbox(loop, deliver)
    journal = Journal(paths.journal, mailbox.put_all)
    try:
        recovered = await asyncio.to_thread(journal.recover)
    except JournalUnusable as error:
        raise Failure(str(error)) from None
    closers.push_async_callback(asyncio.to_thread, journal.close)
    audit.grown = lambda head: mailbox.put(AuditGrown(head.seq))
    audit_reader = AuditReader(paths.audit, mailbox.put)
    closers.push_async_callback(asyncio.to_thread, audit_reader.close)
    scale, scale_by = choose(settings.workers, recovered.scale)
    core = Core(
        host=socket.gethostname(),
        version=VERSION,
        clients=registry,
        max_workers=scale.most,
        min_workers=scale.least,
        idle=settings.idle,
        warm=settings.warm,
        started_with=str(settings.workers or ""),
        recovered=recovered,
        log=logs.tail,
        keep=Keep(days=settings.keep_days, size=settings.keep_size),
    )
    broker = Broker(core, loop, life.defect, life.end)
    registry.watch(broker)
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context(io_threads=1)
    closers.callback(context.destroy, linger=0)
    bus = BusSocket(context, paths.bus_socket, broker.from_workers, loop, lag.turns.measure)
    closers.callback(bus.close)
    feed = FeedSocket(context, paths.feed_socket)
    closers.callback(feed.close)
    private = (paths.config, paths.state, paths.run)
    environment, program = prepared.environment, prepared.claude.path
    folders = Folders(start, private, lambda folder: stamp(folder, environment, program))
    closers.callback(folders.close)
    transcripts = Transcripts(prepared.environment)
    closers.callback(transcripts.close)
    plan = WorkerPlan(
        bus=paths.bus_socket,
        spill=paths.spill,
        claude=prepared.claude.path,
        state_id=journal.state_id,
        environment=prepared.environment,
        private=private,
    )
    launcher = Launcher(
        ZygotePlan(paths.zygote_socket, prepared.environ, paths.state / "workers.log", find_build()),
        plan,
        broker.deliver,
    )
    door = Door(
        registry,
        broker,
        paths.bus_socket,
        is_ours=launcher.is_ours,
        audit=lambda: audit.head,
        on_large=lag.turns.measure,
    )
    closers.push_async_callback(door.close)
    administration = Administration(registry, door.send)
    hooks = Hooks(prepared.preferences.notify, prepared.environ)
    closers.push_async_callback(hooks.close)
    surveyor = Surveyor(door, launcher, lag, audit, hooks)
    adapters = Adapters(
        door=door,
        bus=bus,
        feed=feed,
        journal=journal,
        launcher=launcher,
        folders=folders,
        transcripts=transcripts,
        administration=administration,
        surveyor=surveyor,
        audit=audit,
        audit_reader=audit_reader,
        hooks=hooks,
    )
    return Parts(broker, adapters, scale, scale_by)
