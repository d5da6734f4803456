"""A lease being worked on: claude, what it says, and what becomes of it."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Container, Mapping, Sequence

import zmq

from claude_remote import bus, processes
from claude_remote.conversations import Owner
from claude_remote.facts import Fact
from claude_remote.surrogates import replace_halves
from claude_remote_workers import files
from claude_remote_workers.claude import CannotStart, Claude
from claude_remote_workers.command import build_arguments, build_environment
from claude_remote_workers.complaints import complain
from claude_remote_workers.conversation import Conversation
from claude_remote_workers.lines import Lines
from claude_remote_workers.link import Link
from claude_remote_workers.log import Log
from claude_remote_workers.outbox import Outbox
from claude_remote_workers.pipes import Pipes
from claude_remote_workers.rivals import Rivals
from claude_remote_workers.spill import Spill
from claude_remote_workers.stream_json import STREAM_EVENT
from claude_remote_workers.transcript import find_transcript
from claude_remote_workers.trust import trust

_TREE_PATIENCE = 3.0  # seconds for killed processes to be gone


class Work:
    """One claude and the log that it fills; the Outside of its conversation."""

    def __init__(self, lease: bus.Lease, marker: str, spill: Spill, poller: zmq.Poller, link: Link) -> None:
        self.lease = lease
        self.identity = (lease.session, lease.epoch)
        self.outbox = Outbox(lease, spill)
        self.released_now = False
        self.over_since = 0.0
        self._claude_heard: float | None = None
        self._marker = marker
        self._log = Log(self.outbox)
        self._link = link
        self._pipes = Pipes(poller)
        self._lines = Lines(bus.MAX_LINE)
        self._claude: Claude | None = None
        self._private: Sequence[str] = ()
        self._environment: Mapping[str, str] = {}
        self._rivals: Rivals
        self.conversation: Conversation

    def start(self, program: str, private: Sequence[str], environment: Mapping[str, str], now: float) -> None:
        """Start claude, whose tools shall not touch the `private` folders."""
        lease = self.lease
        self._private = private
        self._environment = environment
        transcript = find_transcript(environment, lease.claude_session)
        self._rivals = Rivals(environment)
        self.conversation = Conversation(self, lease, transcript, socket.gethostname())
        if transcript.exists and (rival := self._rivals.find(lease.claude_session)) is not None:
            self.over_since = now
            self.conversation.belongs_to(rival, now)
            self._log.flush()
            return
        try:
            self._claude = Claude(
                build_arguments(program, lease, private, resume=transcript.exists),
                lease.base if lease.worktree and not transcript.exists else lease.cwd,
                build_environment(environment, self._marker),
            )
        except CannotStart as error:
            self.over_since = now
            self.conversation.could_not_start(f"claude could not be started: {error}.", now)
        else:
            self.conversation.started(self._claude.pid, now)
        self._log.flush()

    def vitals(self, now: float) -> bus.Beat:
        """How claude and its log fare."""
        heard = self._claude_heard
        return bus.Beat(
            claude=0 if self._claude is None else self._claude.pid,
            claude_ago=None if heard is None else max(now - heard, 0.0),
            kept=self.outbox.kept,
        )

    @property
    def next_deadline(self) -> float:
        """When turn() has something to do without a descriptor saying so."""
        deadline = self.conversation.next_deadline
        return float("inf") if deadline is None else deadline

    def obey(self, verb: bus.Verb, payload: bytes, now: float) -> None:
        """A verb of the broker for this lease."""
        match verb:
            case bus.Ack():
                self.outbox.acknowledge(verb.seq)
            case bus.Give():
                self.conversation.give(verb, payload.decode(errors="replace"), now)
            case bus.Verdict():
                self.conversation.decide(verb, payload)
            case bus.Stop():
                self.conversation.stop(verb, now)
            case bus.Ask():
                self.conversation.ask(verb, payload)
            case bus.Look():
                self._look(verb)
            case bus.Release():
                self.release(verb.how, now, verb.reason)
        self._log.flush()

    def release(self, how: str, now: float, reason: str = "") -> None:
        """End claude: `park` after its turn, or `now`, for this reason."""
        self.released_now = self.released_now or how == "now"
        session, epoch = self.identity
        verb = bus.Release(session=session, epoch=epoch, how="now" if how == "now" else "park", reason=reason)
        self.conversation.release(verb, now)
        self._log.flush()

    def read(self, ready: Container[object], now: float) -> None:
        """Read the descriptors that have something, and write what can be."""
        claude = self._claude
        if claude is not None:
            claude.flush()
            if claude.stderr in ready and claude.read_stderr():
                self.conversation.complained(claude.stderr_tail)
            if claude.stdout in ready:
                data = claude.read()
                if data:
                    self._claude_heard = now
                self._digest(data, now)
            if claude.code is not None:
                self._bury(claude, now)
        self._log.flush()

    def tick(self, now: float) -> None:
        """Act on the time, and on what was read."""
        self.conversation.tick(now)
        self._log.flush()
        # A reader that can take nothing more leaves the lines in the pipe, and claude keeps them.
        self._pipes.watch(self._claude, read=not self.outbox.full)

    def reaped(self, pid: int, status: int) -> None:
        """A child has ended: claude, or an orphan of its own."""
        if self._claude is not None and pid == self._claude.pid:
            self._claude.reaped(status)

    def close(self) -> None:
        """Give up what is left."""
        self.outbox.close()

    # --- Outside ---

    def keep(self, line: bytes) -> None:
        self._log.add_lines(line, 1)

    def record(self, fact: Fact) -> None:
        self._log.add_fact(fact)

    def write(self, line: bytes, written: Callable[[], None] | None = None) -> None:
        if self._claude is not None:
            self._claude.write(line, written)

    def reply(self, request: str, payload: bytes, *, ok: bool) -> None:
        self._link.send(bus.Reply(request=request, ok=ok), payload)

    def resolve(self, name: str) -> str:
        return files.resolve(name, self.lease.cwd)

    def trust(self, folder: str) -> None:
        trust(self._environment, folder)

    def end_input(self) -> None:
        if self._claude is not None:
            self._claude.end_input()

    def interrupt_process(self) -> None:
        if self._claude is not None:
            self._claude.send_signal(signal.SIGINT)

    def find_rival(self, conversation: str) -> Owner | None:
        return self._rivals.find(conversation)

    def kill(self) -> None:
        self._kill_tree()

    # --- inside ---

    def _look(self, look: bus.Look) -> None:
        """Show a file that claude wants to change."""
        name = self.conversation.approvals.file_of(look.approval)
        if name is None:
            self._link.send(bus.Seen(request=look.request, refused="the question is no more"))
            return
        path = self.resolve(name)
        try:
            content = files.read(path, self._private)
        except files.NotShown as error:
            self._link.send(bus.Seen(request=look.request, path=path, refused=str(error)))
        else:
            seen = bus.Seen(request=look.request, path=path, missing=content is None)
            self._link.send(seen, content or b"")

    def _digest(self, data: bytes, now: float) -> None:
        lines = replace_halves(self._lines.feed(data)) if data else b""
        for size in self._lines.take_left_out():
            self.conversation.left_out(size)
        if not lines:
            return
        count = lines.count(b"\n")
        if lines.startswith(STREAM_EVENT) and lines.count(b"\n" + STREAM_EVENT) == count - 1:
            self._log.add_lines(lines, count)
            return
        for line in lines.split(b"\n")[:-1]:
            if line.startswith(STREAM_EVENT):
                self._log.add_lines(line + b"\n", 1)
            else:
                self.conversation.read(line + b"\n", now)

    def _bury(self, claude: Claude, now: float) -> None:
        """Claude is dead: read what it still said, see that nothing of it lives, and say so."""
        while data := claude.read():
            self._digest(data, now)
        if self._lines.pending:
            self._digest(b"\n", now)
        while claude.read_stderr():
            pass
        self._claude = None
        self._pipes.watch(None, read=False)
        claude.close()
        self._kill_tree()
        self.over_since = now
        self.conversation.ended(claude.code, claude.stderr_tail, now)

    def _kill_tree(self) -> None:
        """Everything below this process is claude or of claude, for orphans are adopted."""
        roots = processes.below((os.getpid(),))
        left = processes.kill_tree(roots, self._marker, _TREE_PATIENCE)
        if left:
            pids = ", ".join(str(process.pid) for process in left)
            complain(f"processes do not end: {pids}")
