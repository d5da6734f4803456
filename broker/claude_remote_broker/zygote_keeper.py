"""That there is a zygote: one that runs is reached, another executed when it dies, hangs or is outdated.

What it forks is no matter of this part: whoever uses it is told what the zygote reports, when the link
breaks, and when there is one again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from claude_remote import launch as orders
from claude_remote import processes
from claude_remote_broker import tasks, zygote
from claude_remote_broker.failure import Failure
from claude_remote_broker.remains import KILL_PATIENCE

log = logging.getLogger(__name__)

# An order that is not answered in this time means that the zygote hangs.
ORDER_TIMEOUT = 10.0
_PAUSE_FIRST, _PAUSE_MOST = 0.1, 5.0


@dataclass(frozen=True)
class ZygotePlan:
    """Where it listens, what it is executed with, and which `build` of the code it has to be of."""

    socket: Path
    environ: Mapping[str, str]
    logs: Path
    build: str = ""


class Listener(Protocol):
    """Who has orders for the zygote."""

    def reported(self, report: orders.AnyReport) -> None:
        """The zygote says something. Of a new link the first is the Workers that it has."""

    def unlinked(self) -> None:
        """No zygote watches what was forked: it was left, and another one will be reached at once."""

    def lost(self) -> None:
        """The same, for it has died, or was ended because it hung. Orders may not have been carried out."""

    def unreachable(self, reason: str) -> None:
        """No zygote could be had; it is tried again."""

    async def restored(self) -> None:
        """After lost(): there is another one."""


class ZygoteKeeper:
    """Runs on the loop. Until `reach` has returned, and between lost() and restored(), orders go nowhere."""

    def __init__(self, plan: ZygotePlan, listener: Listener) -> None:
        self._plan = plan
        self._listener = listener
        self._child: zygote.ZygoteProcess | None = None
        self._link: zygote.ZygoteLink | None = None
        self._build = ""  # of the zygote that we are linked to
        self._listed: asyncio.Future[None] | None = None
        self._waiting_since: float | None = None  # for the answer to an order
        self._supervisor: asyncio.Task[None] | None = None
        self._unlinked = asyncio.Event()
        # What we have not executed in this life, but perhaps have to reap.
        self._found = zygote.inherited(plan.socket)
        self._reaching = False
        self._stopping = False

    @property
    def pid(self) -> int:
        """Of the zygote we are linked to; 0 when there is none."""
        return 0 if self._link is None else self._link.pid

    @property
    def linked(self) -> bool:
        """Whether there is one that takes orders."""
        return self._link is not None

    def order(self, order: orders.AnyOrder, payload: bytes = b"") -> None:
        """Give an order, if there is anybody to take it."""
        if self._link is None:
            return
        if self._waiting_since is None:
            self._waiting_since = asyncio.get_running_loop().time()
        self._link.send(order, payload)

    def tick(self) -> None:
        """To be called about once a second."""
        self._found -= {pid for pid in self._found if zygote.is_reaped(pid)}
        now = asyncio.get_running_loop().time()
        if self._waiting_since is not None and now - self._waiting_since > ORDER_TIMEOUT and self._link:
            log.error("the zygote (pid %d) hangs; ending it, its workers live on", self._link.pid)
            zygote.kill_hung(self._link.pid)
            self._link.close()

    # --- reaching one ----------------------------------------------------------------------------------

    async def reach(self) -> bool:
        """Connect to the zygote that runs, or execute one; it has said then which workers it has.

        Raises Failure when none can be had. False when it has died again; then another one is tried for.
        """
        await self._reach()
        if self._link is None:
            self._supervise()
        return self.linked

    async def _reach(self) -> None:
        self._reaching = True
        try:
            await self._connect()
            if self._link is None:
                await self._execute()
        finally:
            self._reaching = False

    async def _connect(self) -> None:
        """A link to the zygote that runs, if it is fit for us; otherwise none, and the zygote is ended."""
        link = await zygote.connect(self._plan.socket, self._reported, self._lost)
        self._link = link
        if link is None:
            return
        if self._child is None or self._child.popen.pid != link.pid:
            self._found.add(link.pid)
        if not await self._list() and self._link is link:
            log.error("the zygote (pid %d) does not answer; ending it", link.pid)
            zygote.kill_hung(link.pid)
            self._unlink()
        if self._link is not None and self._build != self._plan.build:
            log.info("the zygote (pid %d) is of another build: its workers go on without it", link.pid)
            self._unlink()
            await asyncio.to_thread(zygote.end, link.pid)

    async def _execute(self) -> None:
        plan = self._plan
        if self._child is not None:
            await asyncio.to_thread(self._child.wait, KILL_PATIENCE)
        self._child, self._link = await zygote.execute(
            plan.socket, plan.environ, plan.logs, self._reported, self._lost, build=plan.build
        )
        if not await self._list():
            raise Failure("the worker launcher came up but does not answer")

    async def _list(self) -> bool:
        """Whether it has said which workers it has."""
        self._listed = asyncio.get_running_loop().create_future()
        self.order(orders.List())
        try:
            await asyncio.wait_for(self._listed, zygote.ANSWER_TIMEOUT)
        except TimeoutError:
            return False
        finally:
            self._listed = None
        return True

    def _reported(self, report: orders.AnyReport) -> None:
        self._waiting_since = None
        if isinstance(report, orders.Workers):
            self._build = report.build
        self._listener.reported(report)
        if isinstance(report, orders.Workers) and self._listed is not None and not self._listed.done():
            self._listed.set_result(None)

    # --- losing it -------------------------------------------------------------------------------------

    def _unlink(self) -> None:
        """Leave it. What the link says of its end is of no interest any more."""
        old, self._link = self._link, None
        self._waiting_since = None
        self._listener.unlinked()
        if old is not None:
            old.close()

    def _lost(self, link: zygote.ZygoteLink) -> None:
        """The link is gone: the zygote has died, or was ended because it hung."""
        if link is not self._link:
            return
        self._link = None
        self._unlinked.set()
        self._waiting_since = None
        if self._stopping:
            self._listener.unlinked()
            return
        log.warning("the zygote (pid %d) is gone; its workers live on", link.pid)
        self._listener.lost()
        if not self._reaching:  # otherwise who reaches for one goes on with another
            self._supervise()

    def _supervise(self) -> None:
        if self._supervisor is None or self._supervisor.done():
            self._supervisor = tasks.spawn(self._restore(), "zygote")

    async def _restore(self) -> None:
        pause = _PAUSE_FIRST
        while self._link is None:
            await asyncio.sleep(pause)
            pause = min(2 * pause, _PAUSE_MOST)
            try:
                await self._reach()
            except (Failure, OSError) as error:
                log.warning("no zygote: %s; trying again", error)
                self._listener.unreachable(str(error))
                continue
            await self._listener.restored()

    # --- the end ---------------------------------------------------------------------------------------

    async def quit(self, patience: float) -> None:
        """Tell it to end with every worker, and wait so many seconds, at most twice, for its end."""
        await self._stop()
        if self._link is None:
            return
        ending = processes.find_process(self._link.pid)
        self._link.send(orders.Quit())
        with suppress(TimeoutError):
            await asyncio.wait_for(self._unlinked.wait(), patience)
            # It hangs up a moment before it ends; what is to outlive it is below it until then.
            await asyncio.to_thread(processes.wait_until_gone, ending, patience)

    async def reap(self) -> None:
        """After quit(), when it has been killed as well."""
        if self._child is not None and not await asyncio.to_thread(self._child.wait, KILL_PATIENCE):
            log.error("the zygote (pid %d) cannot be ended", self._child.popen.pid)

    async def leave(self) -> None:
        """Leave it to the server's next life."""
        await self._stop()
        if self._link is not None:
            self._link.close()
        if self._child is not None:
            self._child.let_go()

    async def _stop(self) -> None:
        self._stopping = True
        if self._supervisor is not None:
            await tasks.end(self._supervisor)
