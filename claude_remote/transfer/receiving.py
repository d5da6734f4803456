"""The receiver: puts what comes into its place, and believes nothing of it.

A small file is written beside its destination and put into place with others in one go, when all of them are
on disk. A large one is taken up where an earlier transfer broke off, if what is there is the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from claude_remote.errors import BadMessage, BadName, Damaged, RemoteError
from claude_remote.transfer import records as r
from claude_remote.transfer import sizes
from claude_remote.transfer.batch import Batch
from claude_remote.transfer.content import Breathe, digest
from claude_remote.transfer.ground import Ground, Guard, Landing
from claude_remote.transfer.incoming import Incoming
from claude_remote.transfer.mistakes import ends_all, translate
from claude_remote.transfer.names import destination, show
from claude_remote.transfer.parts import Part, waiting
from claude_remote.transfer.progress import Checkpoint, Progress, fold, size_of

# An earlier attempt whose connection has died silently: the server looks at what was not heard for DEAD_AFTER
# once a second, and kills an errand that does not end (claude_remote_broker.core.limits).
_EARLIER_ENDS_WITHIN = 25.0


class Receiver:
    """Receives below `landing`. `after` is what an earlier receiver of the same has got done. With `again` it
    may not have ended yet, and what it has of a large file is waited for.

    Give it every packet that comes (`take`), and send every packet that it has (`give`; None: nothing now).
    Raises RemoteError when nothing can go on; then, and at the end, close() it.
    """

    def __init__(
        self,
        landing: Landing,
        guard: Guard,
        breathe: Breathe,
        *,
        after: Checkpoint | None = None,
        again: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self._ground = Ground(landing.folder, guard)
        self._name = landing.name
        self._only: bytes | None = None  # with a name of its own for it, one thing may arrive
        self._breathe = breathe
        self._wait = waiting(breathe, _EARLIER_ENDS_WITHIN if again else 0.0)
        self._progress = progress or Progress()
        self.checkpoint = after or Checkpoint()
        self._n, self._seen = self.checkpoint
        self._said = self.checkpoint.upto
        self._folded: deque[tuple[int, bytes]] = deque()
        self._done: set[int] = set()
        self._incoming: dict[int, Incoming] = {}
        self._batch = Batch(self._ground, self._breathe, self._settled)
        self._packet = r.Packet()
        self._out: deque[r.Record] = deque([r.Landed(folder=landing.folder.path, name=landing.name)])
        self._finished = self.over = False

    def take(self, packet: bytes) -> None:
        """A packet of the sender's. Raises RemoteError."""
        for record, payload in r.read(packet, r.FROM_SENDER):
            if self._finished:
                raise BadMessage("the sender goes on after the end")
            self._take(record, payload)

    def give(self) -> memoryview | None:
        """The next packet, if there is something to say; good until the next call."""
        if self.checkpoint.upto > self._said:
            self._said = self.checkpoint.upto
            self._out.append(r.Stored(upto=self._said))
        packet = self._packet
        packet.clear()
        while self._out and packet.size < sizes.PACKET // 2:
            record = self._out.popleft()
            packet.add(record)
            self.over = isinstance(record, r.Finished)
        return packet.view()

    def close(self) -> None:
        """Let go of everything. What is there of large files stays, to go on with."""
        try:
            self._batch.discard()
        finally:
            for incoming in self._incoming.values():
                incoming.close()
            self._incoming.clear()
            self._ground.close()

    def _start(self, upto: int) -> None:
        """The sender goes on behind what is done, or begins anew because its files have changed."""
        if self._n != self.checkpoint.upto or upto not in {0, self._n}:
            raise BadMessage("the sender starts where it cannot")
        if not upto:
            self.checkpoint = Checkpoint()
            self._n, self._seen = self.checkpoint
            self._said = 0

    # --- records -----------------------------------------------------------------------------------------

    def _take(self, record: r.Record, payload: memoryview) -> None:
        match record:
            case r.Data() | r.Begin() | r.End():
                self._about(record, payload)
            case r.Skip(n=n) if n <= self._n:
                self._abandon(n, record)
            case r.Directory() | r.Link() | r.Whole() | r.Offer() | r.Skip():
                self._arrive(record, payload)
            case r.Leave():
                self._leave(record)
            case r.Start(upto=upto):
                self._start(upto)
            case r.Plan(files=files, size=size):
                self._progress.planned(files, size)
            case r.Finish():
                self._finish()

    def _arrive(self, entry: r.Entry, payload: memoryview) -> None:
        if entry.n != self._n + 1 or entry.n - self.checkpoint.upto > 2 * sizes.AHEAD:
            raise BadMessage(f"entry {entry.n} came after entry {self._n}")
        self._n = entry.n
        self._seen = fold(self._seen, entry, size_of(entry, len(payload)))
        self._folded.append((self._n, self._seen))
        if entry.n - self.checkpoint.upto > sizes.AHEAD // 2 and not entry.n % sizes.BATCH:
            self._batch.flush()  # the sender waits for what it has sent to be done

        def act() -> None:
            match entry:
                case r.Skip():
                    self._progress.failed(entry.path, r.trouble(entry))
                    self._settled(entry.n)
                case r.Directory():
                    self._ground.make(self._place(entry.path))
                    self._settled(entry.n)
                case r.Link():
                    self._batch.link(self._place(entry.path), entry)
                case r.Whole():
                    self._small(entry, payload)
                case r.Offer():
                    self._offered(entry)

        self._try(entry.n, entry.path, act)

    def _leave(self, leave: r.Leave) -> None:
        try:
            place = self._place(leave.path)
        except BadName:
            return  # nor could it be entered
        self._batch.leave(place, leave.mode, leave.mtime)

    def _small(self, whole: r.Whole, payload: memoryview) -> None:
        place = self._place(whole.path)
        if len(payload) > sizes.INLINE:
            raise BadMessage(f"a file of {len(payload)} bytes has to be offered first")
        if digest(bytes(payload)) != whole.digest:
            raise Damaged(f"{show(whole.path)} was damaged on its way")
        self._progress.began(whole.path, len(payload))
        part = Part.open(self._ground.parent(place), place[-1])
        try:
            part.begin(0)
            part.write(payload)
            part.finish(whole.mode, whole.mtime)
        except OSError:
            part.discard(self._ground.parent(place))
            raise
        self._progress.moved(len(payload))
        self._progress.verified(len(payload), whole.digest)
        self._batch.add(place, part, whole, len(payload))

    # --- large files -------------------------------------------------------------------------------------

    def _offered(self, offer: r.Offer) -> None:
        if len(self._incoming) >= 2 * sizes.OFFERS:
            raise BadMessage("too many files are offered at once")
        incoming = Incoming(offer, self._place(offer.path), self._ground, self._breathe, self._wait)
        self._incoming[offer.n] = incoming
        self._out.append(incoming.go)

    def _begin(self, incoming: Incoming, offset: int) -> None:
        self._progress.began(incoming.offer.path, incoming.offer.size)
        if offset:
            self._progress.resumed(incoming.offer.path, offset)
        incoming.begin(offset)

    def _write(self, incoming: Incoming, payload: memoryview) -> None:
        incoming.write(payload)
        self._progress.moved(len(payload))

    def _end(self, incoming: Incoming, end: r.End) -> None:
        incoming.end(end)
        self._progress.verified(end.size, end.digest)
        del self._incoming[end.n]
        self._settled(end.n, incoming.offer.path)

    def _about(self, record: r.Begin | r.Data | r.End, payload: memoryview) -> None:
        incoming = self._known(record.n)
        if incoming is None:
            return

        def act() -> None:
            match record:
                case r.Data():
                    self._write(incoming, payload)
                case r.Begin(offset=offset):
                    self._begin(incoming, offset)
                case r.End():
                    self._end(incoming, record)

        self._try(record.n, incoming.offer.path, act)

    def _abandon(self, n: int, skip: r.Skip) -> None:
        """The sender cannot go on with a file that it has begun."""
        incoming = self._known(n)
        if incoming is not None:
            self._progress.failed(skip.path, r.trouble(skip))
            self._drop(n)
            self._settled(n)

    # --- the end -----------------------------------------------------------------------------------------

    def _finish(self) -> None:
        if self._incoming:
            raise BadMessage("the sender has finished, and files are not complete")
        self._finished = True
        self._batch.flush()
        self._out.append(r.Stored(upto=self.checkpoint.upto))
        self._said = self.checkpoint.upto
        self._out.append(r.Finished())

    # --- parts -------------------------------------------------------------------------------------------

    def _place(self, path: bytes) -> tuple[bytes, ...]:
        """Where something that the sender calls `path` lands. Raises BadName."""
        parts = destination(path)
        if self._name is None:
            return parts
        self._only = self._only or parts[0]
        if parts[0] != self._only:
            raise BadMessage("several things come, and their destination is no folder that exists")
        return (self._name, *parts[1:])

    def _known(self, n: int) -> Incoming | None:
        """A file that was offered; None when it was given up here and the sender does not know that yet."""
        if n > self._n:
            raise BadMessage(f"entry {n} was not offered")
        return self._incoming.get(n)

    def _try(self, n: int, path: bytes, act: Callable[[], None]) -> None:
        """Do something about one entry. If that fails, the others go on, unless none of them could."""
        try:
            act()
        except OSError as error:
            # Not by its name alone: at the other end it has the same, and can be read.
            self._give_up(n, path, translate(error, self._ground.path(self._place(path)), "write"))
        except BadMessage:
            raise
        except RemoteError as error:
            self._give_up(n, path, error)

    def _give_up(self, n: int, path: bytes, error: RemoteError) -> None:
        self._drop(n)
        if ends_all(error):
            raise error
        self._progress.failed(path, error)
        self._out.append(r.Failed(n=n, path=path, code=error.code, words=error.message[:1000]))
        self._settled(n)

    def _drop(self, n: int) -> None:
        incoming = self._incoming.pop(n, None)
        if incoming is not None:
            incoming.discard()

    def _settled(self, n: int, path: bytes | None = None, error: RemoteError | None = None) -> None:
        """An entry is done, or given up."""
        if error is not None:
            self._give_up(n, path or b"", error)
            return
        if path is not None:
            self._progress.done(path)
        self._done.add(n)
        while self._folded and self._folded[0][0] in self._done:
            upto, seen = self._folded.popleft()
            self._done.discard(upto)
            self.checkpoint = Checkpoint(upto, seen)
