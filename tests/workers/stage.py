"""A stage for workers: a real zygote with real workers on it, and a broker that only records.

with Stage(claude="/path/to/claude") as stage:
    worker = stage.fork()
    stage.broker.lease(worker, session, cwd=folder)
    stage.broker.give("hello")
    stage.broker.wait_for(facts.TurnFinished)
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import msgpack
import msgspec
import zmq

from claude_remote import bus, codec, facts, framing, launch, messages, processes
from claude_remote.envelope import seal, unseal
from claude_remote.messages import Source

PATIENCE = 30.0
REPORT = cast("type[launch.Report]", launch.AnyReport)

T = TypeVar("T")
F = TypeVar("F", bound=facts.Fact)


def wait_until(happened: Callable[[], T | None], patience: float = PATIENCE, what: str = "it") -> T:
    """Look again and again until there is something. Raises TimeoutError."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        found = happened()
        if found:
            return found
        time.sleep(0.005)
    raise TimeoutError(f"{what} did not happen")


class Journal:
    """What a broker has on disk of one session: it takes events from the tail on, and refuses a gap."""

    def __init__(self) -> None:
        self.lines: list[tuple[Source, bytes]] = []
        self.overlaps = 0

    def take(self, batch: bus.Batch, payload: bytes) -> None:
        lines = payload.split(b"\n")[:-1]
        assert len(lines) == batch.count, "a batch has as many lines as it says"
        tail = len(self.lines)
        assert batch.first <= tail + 1, f"a gap: {batch.first} after {tail}"
        new = lines[tail + 1 - batch.first :]
        self.overlaps += len(lines) - len(new)
        self.lines += [(batch.source, line) for line in new]

    @property
    def facts(self) -> list[facts.AnyFact]:
        return [facts.decode(line) for source, line in self.lines if source is Source.FACT]

    @property
    def claude(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(line) for source, line in self.lines if source is Source.CLAUDE]


class Broker:
    """A ROUTER that welcomes one worker, takes down all it says, and acknowledges it unless told not to."""

    def __init__(self, address: str, journal: Journal | None = None, *, acknowledges: bool = True) -> None:
        self.journal = journal or Journal()
        self.acknowledges = acknowledges
        self.readies: list[bus.Ready] = []
        self.replies: dict[str, tuple[bool, Any]] = {}
        self.gone: bus.Gone | None = None
        self.session = ""
        self.epoch = 0
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self._socket.bind(f"ipc://{address}")
        self._route = b""
        self._beaten = 0.0

    def close(self) -> None:
        """As a broker that is killed: what was not read is lost."""
        self._socket.close()
        self._context.term()

    def send(self, verb: bus.Verb, payload: bytes = b"") -> None:
        self._socket.send_multipart([self._route, *seal(verb, payload)])

    def pump(self, happened: Callable[[], T | None], patience: float = PATIENCE) -> T:
        """Serve until something has happened. Raises TimeoutError with the tail of the log."""
        end = time.monotonic() + patience
        while True:
            found = happened()
            if found:
                return found
            if time.monotonic() > end:
                tail = b"\n".join(line[:300] for _, line in self.journal.lines[-30:])
                raise TimeoutError(f"it did not happen; the log ends with:\n{tail.decode(errors='replace')}")
            if self._socket.poll(20):
                self._take(self._socket.recv_multipart())
            elif self._route and time.monotonic() > self._beaten + 1:
                self._beaten = time.monotonic()
                self.send(bus.Beat())

    def _take(self, frames: Sequence[bytes]) -> None:
        route = frames[0]
        verb, payload = unseal(frames[1:], bus.FROM_WORKER)
        match verb:
            case bus.Ready():
                self._route = route
                self.readies.append(verb)
                self.send(bus.Welcome(acked=len(self.journal.lines)))
            case _ if route != self._route:
                self._ask_who(route)
            case bus.Batch():
                assert (verb.session, verb.epoch) == (self.session, self.epoch)
                self.journal.take(verb, payload)
                if self.acknowledges:
                    self.acknowledge()
            case bus.Reply():
                self.replies[verb.request] = (verb.ok, msgspec.json.decode(payload))
            case bus.Gone():
                self.gone = verb

    def _ask_who(self, route: bytes) -> None:
        try:
            self._socket.send_multipart([route, *seal(bus.Who())])
        except zmq.ZMQError as error:
            # The worker has given that socket up meanwhile, which is what we want of it.
            if error.errno != zmq.EHOSTUNREACH:
                raise

    def acknowledge(self) -> None:
        self.send(bus.Ack(session=self.session, epoch=self.epoch, seq=len(self.journal.lines)))

    # --- the broker's verbs ---

    def lease(self, cwd: Path, session: str | None = None, epoch: int = 1, **more: Any) -> str:
        """Wait for the worker, and give it a lease. Returns the session."""
        self.pump(lambda: self.readies)
        self.session, self.epoch = session or str(uuid.uuid4()), epoch
        more.setdefault("claude_session", self.session)
        self.send(
            bus.Lease(
                session=self.session, epoch=epoch, next=len(self.journal.lines) + 1, cwd=str(cwd), **more
            )
        )
        return self.session

    def give(self, text: str, prompt: str | None = None, *, again: bool = False) -> str:
        prompt = prompt or str(uuid.uuid4())
        verb = bus.Give(session=self.session, epoch=self.epoch, prompt=prompt, client="tester", again=again)
        self.send(verb, text.encode())
        return prompt

    def decide(
        self, approval: str, behavior: str, changed: Mapping[str, Any] | None = None, **more: Any
    ) -> None:
        verb = bus.Verdict(
            session=self.session,
            epoch=self.epoch,
            approval=approval,
            behavior=messages.Behavior(behavior),
            by="tester",
            **more,
        )
        self.send(verb, b"" if changed is None else msgspec.json.encode(changed))

    def stop(self, prompt: str | None = None) -> None:
        self.send(bus.Stop(session=self.session, epoch=self.epoch, prompt=prompt))

    def release(self, how: str) -> None:
        self.send(bus.Release(session=self.session, epoch=self.epoch, how=cast("Any", how)))

    def ask(self, subtype: str, **arguments: Any) -> tuple[bool, Any]:
        request = str(uuid.uuid4())
        verb = bus.Ask(session=self.session, epoch=self.epoch, request=request, subtype=subtype)
        self.send(verb, msgspec.json.encode(arguments))
        return self.pump(lambda: self.replies.get(request))

    # --- what was recorded ---

    def all(self, kind: type[F]) -> list[F]:
        return [fact for fact in self.journal.facts if isinstance(fact, kind)]

    def wait_for(self, kind: type[F], count: int = 1, where: Callable[[F], bool] = lambda _: True) -> F:
        """The `count`-th fact of this kind."""

        def found() -> F | None:
            matching = [fact for fact in self.all(kind) if where(fact)]
            return matching[count - 1] if len(matching) >= count else None

        return self.pump(found)

    def wait_for_gone(self) -> None:
        self.pump(lambda: self.gone)


class Stage:
    """A zygote, a folder for everything, and a broker."""

    def __init__(self, claude: str | Path, environment: Mapping[str, str] | None = None) -> None:
        # Its own, or what it finds and kills in the end could belong to a stage in another process.
        self.state_id = secrets.token_hex(8)
        self.folder = Path(tempfile.mkdtemp(prefix="stage"))
        # Its own, or stages that run at the same time would bury each other's processes.
        self.state_id = self.folder.name
        self.claude = str(claude)
        self.environment = dict(environment or {"PATH": os.environ["PATH"], "HOME": str(self.folder)})
        self.bus = str(self.folder / "bus.sock")
        self.zygote_socket = self.folder / "zygote.sock"
        self.spill = self.folder / "spill"
        self.work = self.folder / "work"
        self.work.mkdir()
        self.broker = Broker(self.bus)
        self.zygote = subprocess.Popen(
            [sys.executable, "-m", "claude_remote_workers.zygote", "--socket", str(self.zygote_socket)]
        )
        self.orders = self.connect()

    def connect(self) -> OrderLine:
        return OrderLine(self.zygote_socket)

    def fork(self, name: str = "w1", patience: float = 60.0) -> launch.Forked:
        order = launch.Fork(
            worker=name,
            token="t",
            bus=self.bus,
            spill=str(self.spill),
            claude=self.claude,
            state_id=self.state_id,
            patience=patience,
        )
        self.orders.send(order, msgpack.packb(self.environment))
        return self.orders.wait_for(launch.Forked)

    def processes_left(self) -> list[processes.Process]:
        """Everything below the zygote, or of any lease of this stage."""
        return [*processes.below((self.zygote.pid,)), *processes.find_marked(f"{self.state_id}.")]

    def new_broker(self, **more: Any) -> Broker:
        """The next broker: it has the journal of the last, and knows its lease."""
        last = self.broker
        last.close()
        self.broker = Broker(self.bus, last.journal, **more)
        self.broker.session, self.broker.epoch = last.session, last.epoch
        return self.broker

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.zygote.send_signal(signal.SIGTERM)
        try:
            self.zygote.wait(PATIENCE)
        finally:
            self.zygote.kill()
            self.zygote.wait()
            self.orders.close()
            self.broker.close()
            left = self.processes_left()
            processes.kill_tree(left)
            shutil.rmtree(self.folder, ignore_errors=True)
        if kind is None:
            assert not left, f"left behind: {left}"


class OrderLine:
    """A broker's connection to the zygote."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE)
        wait_until(lambda: self._try(path), what="the zygote's socket")
        self._decoder = framing.Decoder()
        self.reports: list[launch.Report] = []

    def send(self, order: launch.Order, payload: bytes = b"") -> None:
        self._socket.sendall(framing.encode(codec.pack(order), payload))

    def wait_for(self, kind: type[T]) -> T:
        """The next report of this kind; it is taken, others are kept."""
        while True:
            for report in self.reports:
                if isinstance(report, kind):
                    self.reports.remove(report)
                    return report
            self.read()

    def read(self) -> None:
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError("the zygote has closed the connection")
        self.reports += [codec.unpack(frame.header, REPORT) for frame in self._decoder.feed(data)]

    def close(self) -> None:
        self._socket.close()

    def _try(self, path: Path) -> bool:
        try:
            self._socket.connect(str(path))
        except OSError:
            return False
        return True
