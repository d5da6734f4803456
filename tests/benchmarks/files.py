"""Moving files, both ways: one that is large, and many that are small."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Self

import psutil  # type: ignore[import-untyped]

from claude_remote import connect
from claude_remote.paths import find_paths
from tests.benchmarks.figures import Figure, Report, percentile
from tests.benchmarks.latency import through
from tests.benchmarks.rounds import Measure, interleave
from tests.benchmarks.running import run as run_program
from tests.benchmarks.settings import Settings
from tests.benchmarks.sshd import NoSshd, Sshd
from tests.benchmarks.usage import cpu_seconds
from tests.benchmarks.yard import Yard, open_ready, yard
from tests.e2e.lab import Client, console_script

_LARGE = 1024**3
_MANY = 20_000
_OURS, _SCP, _RSYNC = "claude-remote", "scp", "rsync"
_PATIENCE = 300.0


def run(settings: Settings) -> Report:
    """Measure."""
    report = Report("files", "one large file and many of 1,000 bytes, whole processes, in memory")
    with ExitStack() as stack:
        here = stack.enter_context(yard(workers=1, stand_in=True))
        ground = Ground(_make_ground(stack))
        mover = here.lab.approved("mover", rights="full")
        tools: dict[str, Tool] = {_OURS: ours(here, mover)}
        try:
            ssh = stack.enter_context(Sshd(ground.top / "ssh"))
        except NoSshd as error:
            report.notes.append(f"no ratios: {error}")
        else:
            tools |= {_SCP: by_ssh(ssh.scp)} | ({_RSYNC: by_ssh(ssh.rsync)} if shutil.which("rsync") else {})
            if _RSYNC not in tools:
                report.notes.append("no rsync installed")
        size, count = int(settings.scale(_LARGE)), int(settings.scale(_MANY))
        ground.make_large(size)
        ground.make_many(count)
        _compare(report, ground, tools, "large", size / 1e6, "MB/s", settings.times(5))
        _costs(report, here, mover, ground, size)
        _beside_a_session(report, here, mover, ground, 2 * _LARGE // size if not settings.quick else 1)
        _compare(report, ground, tools, "many", count, "files/s", settings.times(3))
    return report


class Ground:
    """Two sides, `near` and `far`, each with what is to be moved."""

    def __init__(self, top: Path) -> None:
        self.top = top
        for side in ("near", "far"):
            (top / side).mkdir()

    def make_large(self, size: int) -> None:
        """A file on each side."""
        piece = os.urandom(1024 * 1024)
        with (self.top / "near" / "large").open("wb") as file:
            for _ in range(size // len(piece)):
                file.write(piece)
        shutil.copy2(self.top / "near" / "large", self.top / "far" / "large")

    def make_many(self, count: int) -> None:
        """A tree on each side, a hundred files in each folder."""
        for number in range(count):
            folder = self.top / "near" / "many" / f"{number // 100}"
            if not number % 100:
                folder.mkdir(parents=True)
            (folder / f"{number}").write_bytes(b"%1000d" % number)
        shutil.copytree(self.top / "near" / "many", self.top / "far" / "many")

    @contextmanager
    def target(self, side: str) -> Iterator[Path]:
        """Somewhere to move to, removed afterwards."""
        target = self.top / side / "copy"
        yield target
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink()


Tool = Callable[[str, Path, Path], None]


def ours(here: Yard, mover: Client) -> Tool:
    """`claude-remote get` and `put`, by TLS."""
    environment = {name: each for name, each in mover.environment.items() if name != "PYTHONWARNINGS"}

    def move(way: str, source: Path, target: Path) -> None:
        run_program(
            [console_script("claude-remote"), way, "-r", "-q", source, target], environment, _PATIENCE
        )

    return move


def by_ssh(command: list[str]) -> Tool:
    """scp, or rsync by ssh."""

    def move(way: str, source: Path, target: Path) -> None:
        # rsync takes a folder with a slash for what is in it, as the others take one that is to be new.
        slash = "/" if command[0] == "rsync" and source.is_dir() else ""
        sides = [f"{source}{slash}", f"{target}"]
        sides[way == "put"] = f"127.0.0.1:{sides[way == 'put']}"
        run_program([*command, *sides], None, _PATIENCE)

    return move


def _compare(
    report: Report, ground: Ground, tools: dict[str, Tool], what: str, amount: float, unit: str, times: int
) -> None:
    for way in ("get", "put"):
        sides = ("far", "near") if way == "get" else ("near", "far")
        measures = {name: _rate(tool, way, ground, what, sides, amount) for name, tool in tools.items()}
        interleave(1, measures)
        samples = interleave(times, measures)
        figures: dict[str, Figure] = {}
        for name in (_SCP, _RSYNC, _OURS):
            if name in samples:
                reference = f"{way} {what}, {_SCP}" if name != _SCP and _SCP in samples else None
                figures[name] = report.add(f"{way} {what}, {name}", unit, samples[name], reference)
        if _SCP in figures:
            least = 1.5 if what == "large" else 1.0
            ratio = figures[_OURS].over(figures[_SCP])
            report.expect(f"{way} {what}, by scp", ratio, least, "", at_least=True)


def _rate(tool: Tool, way: str, ground: Ground, what: str, sides: tuple[str, str], amount: float) -> Measure:
    def measure() -> float:
        with ground.target(sides[1]) as target:
            began = time.perf_counter()
            tool(way, ground.top / sides[0] / what, target)
            return amount / (time.perf_counter() - began)

    return measure


def _costs(report: Report, here: Yard, mover: Client, ground: Ground, size: int) -> None:
    """What each process needs for it, and what others notice of it."""
    for way in ("get", "put"):
        with ground.target("near" if way == "get" else "far") as target:
            source = ground.top / ("far" if way == "get" else "near") / "large"
            broker = here.broker
            before = cpu_seconds(broker)
            with Watcher(here, mover) as watcher:
                began = os.times()
                ours(here, mover)(way, source, target)
                ended = os.times()
            spent = {
                "client": ended.children_user
                + ended.children_system
                - began.children_user
                - began.children_system,
                "broker": cpu_seconds(broker) - before,
                "errand": watcher.errand_cpu,
            }
        for name, seconds in spent.items():
            report.add(f"{way} large, CPU of the {name} per GiB", "s", [seconds / size * 1024**3])
        for name, peak in watcher.memory.items():
            report.add(f"{way} large, most memory of the {name}", "MB", [peak / 1e6])
        report.add(f"{way} large, broker's memory, how much it grew", "MB", [watcher.grown / 1e6])
        waits = [each * 1000 for each in watcher.waits]
        report.add(f"{way} large, a ping meanwhile, median", "ms", [percentile(waits, 50)])
        report.add(f"{way} large, a ping meanwhile, 99 %", "ms", [percentile(waits, 99)])
        report.add(f"{way} large, a ping meanwhile, longest", "ms", [max(waits)])
    with here.connect() as client:
        status = client.status().status
    # Of the last minute, so of both ways: within it nothing else large was moved.
    report.add("both ways, the loop's longest turn", "ms", [(status.turn or 0) * 1000])
    report.expect("both ways, the loop's own work in one turn", (status.turn_work or 0) * 1000, 10, "ms")


def _beside_a_session(report: Report, here: Yard, mover: Client, ground: Ground, times: int) -> None:
    """How late the events of a session are while files move, `times` the large one each way."""
    with here.connect() as client:
        session = open_ready(client)
        through(client, session, 50, 300, 100)
        for way in ("", "get", "put"):
            late: list[float] = []
            over = threading.Event()

            def stream(late: list[float] = late, over: threading.Event = over) -> None:
                while not over.is_set():
                    late += through(client, session, 100, 300, 100)

            thread = threading.Thread(target=stream)
            thread.start()
            if way:
                for _ in range(times):
                    with ground.target("near" if way == "get" else "far") as target:
                        source = ground.top / ("far" if way == "get" else "near") / "large"
                        ours(here, mover)(way, source, target)
            else:
                time.sleep(2)
            over.set()
            thread.join()
            moved = times * (ground.top / "far" / "large").stat().st_size / 1e9
            name = f"events while {moved:.1f} GB move ({way})" if way else "events, 100/s, nothing else"
            for percent in (50, 99):
                report.add(f"{name}, p{percent}", "ms", [percentile(late, percent)])


class Watcher:
    """Looks at the server beside a transfer: memory, CPU, and how long others wait."""

    def __init__(self, here: Yard, mover: Client) -> None:
        self._here = here
        self._mover = mover
        self._began = time.time() - 0.5
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._look), threading.Thread(target=self._ping)]
        self._at_first: int = here.broker.memory_info().rss
        self.waits: list[float] = []
        self.memory = {"broker": 0, "errand": 0}
        self.errand_cpu = 0.0

    @property
    def grown(self) -> int:
        """By how many bytes the broker's memory was larger at most."""
        return max(0, self.memory["broker"] - self._at_first)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.05):
            self.memory["broker"] = max(self.memory["broker"], self._here.broker.memory_info().rss)
            for errand in self._errands():
                with suppress(psutil.Error, OSError):
                    self.memory["errand"] = max(self.memory["errand"], errand.memory_info().rss)
                    self.errand_cpu = max(self.errand_cpu, cpu_seconds(errand))

    def _errands(self) -> list[psutil.Process]:
        """Processes come and go while one looks at them."""
        try:
            return [each for each in self._here.workers if each.create_time() > self._began]
        except psutil.Error:
            return []

    def _ping(self) -> None:
        with connect(paths=find_paths(self._here.lab.server_environment)) as client:
            while not self._over.wait(0.002):
                self.waits.append(client.ping().request)


def _make_ground(stack: ExitStack) -> Path:
    memory = Path("/dev/shm")
    where = memory if memory.is_dir() and shutil.disk_usage(memory).free > 8 * _LARGE else None
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crb-", dir=where)))
