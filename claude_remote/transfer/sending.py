"""The sender: walks its files and fills packets, as long as the receiver takes them.

Small files go whole and without a question. A large one is offered first, because the receiver may have its
beginning; meanwhile the walk goes on, so that the answer costs no time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from claude_remote.errors import BadMessage, RemoteError
from claude_remote.transfer import records as r
from claude_remote.transfer import sizes, walking
from claude_remote.transfer.content import Breathe
from claude_remote.transfer.entries import count, entry_of, mode_of, offer_of, skip_of, verify
from claude_remote.transfer.ground import Guard
from claude_remote.transfer.progress import Checkpoint, Progress, fold, size_of
from claude_remote.transfer.reading import Source


@dataclass
class _Offered:
    n: int
    source: Source
    go: r.Go | None = None
    begun: bool = False
    given_up: bool = False


_FULL = sizes.PACKET - sizes.INLINE - 2 * sizes.PATH - sizes.RECORD  # then another entry may not fit
_LITTLE = 16 * 1024  # what may stand before a chunk
_Waiting: TypeAlias = _Offered | r.Leave


class Sender:
    """Sends `origins`. `after` is what an earlier sender of the same has got done.

    Give it every packet that comes (`take`), and send every packet that it has (`give`; None: nothing now).
    """

    def __init__(
        self,
        origins: Sequence[walking.Named],
        guard: Guard,
        breathe: Breathe,
        *,
        after: Checkpoint | None = None,
        plan: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self._walk: Callable[[], Iterator[walking.Step]] = lambda: walking.walk(origins, guard)
        self._breathe = breathe
        self._progress = progress or Progress()
        self._plan = plan
        self._skip = verify(self._walk(), after or Checkpoint(), breathe)
        self.checkpoint = Checkpoint(self._skip, after.seen) if after and self._skip else Checkpoint()
        self._steps = self._walk()
        self._started = False
        self._packet = r.Packet()
        self._n = 0
        self._seen = b""
        self._under_way: deque[tuple[int, bytes, bytes | None]] = deque()  # number, digest, path of a file
        self._waiting: deque[_Waiting] = deque()
        self._walked = self._said_finish = False
        self._failed: set[int] = set()
        self.landed: r.Landed | None = None
        self.over = False

    @property
    def resumable(self) -> bool:
        """Whether another sender could go on where this one stops: not when it reads a stream."""
        return not any(isinstance(each, _Offered) and each.source.size is None for each in self._waiting)

    def take(self, packet: bytes) -> None:
        """A packet of the receiver's. Raises BadMessage."""
        for record, _ in r.read(packet, r.FROM_RECEIVER):
            match record:
                case r.Landed():
                    self.landed = record
                case r.Go(n=n):
                    offered = self._offered(n)
                    if offered is not None and offered.go is None:
                        offered.go = record
                case r.Failed(n=n, path=path):
                    self._fail(n, path, r.trouble(record))
                case r.Stored(upto=upto):
                    self._stored(upto)
                case r.Finished():
                    if not self._said_finish:
                        raise BadMessage("the receiver has finished before the sender")
                    self.over = True

    def give(self) -> memoryview | None:
        """The next packet, if there is something to say; good until the next call."""
        packet = self._packet
        packet.clear()
        if not self._started:
            self._started = True
            packet.add(r.Start(upto=self._skip))
        if self._plan:
            self._plan = False
            plan = count(self._walk(), self._breathe)
            self._progress.planned(plan.files, plan.size)
            packet.add(plan)
        while packet.size < _FULL and self._add(packet):
            pass
        return packet.view()

    def close(self) -> None:
        """Let go of every file."""
        while self._waiting:
            waiting = self._waiting.popleft()
            if isinstance(waiting, _Offered):
                waiting.source.close()
        self._steps = iter(())

    # --- what comes back ---------------------------------------------------------------------------------

    def _offered(self, n: int) -> _Offered | None:
        return next((each for each in self._waiting if isinstance(each, _Offered) and each.n == n), None)

    def _fail(self, n: int, path: bytes, error: RemoteError) -> None:
        offered = self._offered(n)
        if offered is not None:
            offered.given_up = True
        if len(self._failed) < sizes.AHEAD:
            self._failed.add(n)
        self._progress.failed(path, error)

    def _stored(self, upto: int) -> None:
        while self._under_way and self._under_way[0][0] <= upto:
            n, seen, path = self._under_way.popleft()
            self.checkpoint = Checkpoint(n, seen)
            if path is not None and n not in self._failed:
                self._progress.done(path)
            self._failed.discard(n)

    # --- what goes out -----------------------------------------------------------------------------------

    def _add(self, packet: r.Packet) -> bool:
        """Add the next thing to a packet. False when there is nothing to add now."""
        first = self._waiting[0] if self._waiting else None
        match first:
            case r.Leave():
                self._waiting.popleft()
                packet.add(first)
            case _Offered(given_up=True):
                self._waiting.popleft()
                first.source.close()
            case _Offered(go=r.Go() as go):
                if packet.size > _LITTLE:
                    return False
                self._send_content(packet, first, go)
            case _ if not self._walked:
                return self._may_walk() and self._walk_on(packet)
            case None if not self._said_finish:
                self._said_finish = True
                packet.add(r.Finish())
            case _:
                return False
        return True

    def _may_walk(self) -> bool:
        return len(self._waiting) < sizes.OFFERS and (
            not self._under_way or self._n - self._under_way[0][0] < sizes.AHEAD
        )

    def _walk_on(self, packet: r.Packet) -> bool:
        step = next(self._steps, None)
        match step:
            case None:
                self._walked = True
            case walking.Left(path, status):
                leave = r.Leave(path=path, mode=mode_of(status), mtime=status.st_mtime_ns)
                if self._waiting:
                    self._waiting.append(leave)
                else:
                    packet.add(leave)
            case walking.Found() | walking.Stream():
                self._n += 1
                self._begin_file(packet, step)
            case _:
                self._n += 1
                entry = entry_of(step, self._n)
                self._note(entry, 0, None)
                if isinstance(step, walking.Trouble) and self._n > self._skip:
                    self._progress.failed(step.path, step.error)
                self._write(packet, entry)
        return True

    def _begin_file(self, packet: r.Packet, step: walking.Found | walking.Stream) -> None:
        if self._n <= self._skip:
            assert isinstance(step, walking.Found)  # noqa: S101  a stream is never resumed
            self._note(offer_of(step, self._n), 0, None)
            return
        try:
            source = step.open(self._breathe)
        except RemoteError as error:
            self._give_up(packet, self._n, step.path, error, step)
            return
        if source.size is None or source.size > sizes.INLINE:
            offer = r.Offer(n=self._n, path=step.path, mode=source.mode, mtime=source.mtime, size=source.size)
            self._note(offer, 0, step.path)
            self._waiting.append(_Offered(self._n, source))
            packet.add(offer)
            return
        try:
            content = source.whole()
        except RemoteError as error:
            self._give_up(packet, self._n, step.path, error, step)
            return
        finally:
            source.close()
        whole = r.Whole(n=self._n, path=step.path, mode=source.mode, mtime=source.mtime, digest=source.digest)
        self._note(whole, len(content), step.path)
        packet.add(whole, content)
        self._progress.began(step.path, len(content))
        self._progress.moved(len(content))
        self._progress.verified(len(content), source.digest)

    def _send_content(self, packet: r.Packet, offered: _Offered, go: r.Go) -> None:
        source = offered.source
        try:
            if not offered.begun:
                offset = source.resume(go.offset, go.digest, self._breathe)
                offered.begun = True
                packet.add(r.Begin(n=offered.n, offset=offset))
                self._progress.began(source.path, source.size)
                if offset:
                    self._progress.resumed(source.path, offset)
            more = source.size is None or source.sent < source.size
            if more and self._send_data(packet, offered.n, source):
                return
            source.check()
            packet.add(r.End(n=offered.n, size=source.sent, digest=source.digest))
            self._progress.verified(source.sent, source.digest)
        except RemoteError as error:
            self._progress.failed(source.path, error)
            self._failed.add(offered.n)
            packet.add(r.Skip(n=offered.n, path=source.path, code=error.code, words=error.message))
        self._waiting.popleft()
        source.close()

    def _send_data(self, packet: r.Packet, n: int, source: Source) -> bool:
        """Add a chunk. False at the end of a stream."""
        before = packet.size
        room_left = sizes.PACKET - before - sizes.RECORD
        size = room_left if source.size is None else min(room_left, source.size - source.sent)
        room = packet.reserve(r.Data(n=n), size)
        try:
            filled = source.fill(room)
        except RemoteError:
            packet.cut(before)
            raise
        if filled < size:  # of a stream: what it had
            content = bytes(room[:filled])
            packet.cut(before)
            if not filled:
                return False
            packet.add(r.Data(n=n), content)
        self._progress.moved(filled)
        return True

    def _give_up(
        self,
        packet: r.Packet,
        n: int,
        path: bytes,
        error: RemoteError,
        step: walking.Found | walking.Stream,
    ) -> None:
        status = step.status if isinstance(step, walking.Found) else None
        skip = skip_of(n, path, error, status)
        self._note(skip, 0, None)
        self._progress.failed(path, error)
        packet.add(skip)

    def _write(self, packet: r.Packet, entry: r.Entry) -> None:
        if entry.n > self._skip:
            packet.add(entry)

    def _note(self, entry: r.Entry, payload: int, path: bytes | None) -> None:
        """An entry is on its way: what it was is remembered until it is done."""
        self._seen = fold(self._seen, entry, size_of(entry, payload))
        if entry.n > self._skip:
            self._under_way.append((entry.n, self._seen, path))
