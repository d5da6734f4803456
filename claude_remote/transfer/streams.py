"""A file that is received into standard output, or whatever takes bytes: once, and in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from claude_remote.errors import BadMessage, Changed, Damaged, IsFolder
from claude_remote.transfer import records as r
from claude_remote.transfer.content import Breathe, hasher
from claude_remote.transfer.names import show
from claude_remote.transfer.progress import Progress

if TYPE_CHECKING:
    from blake3 import blake3

_QUIET = Progress()


class Stream:
    """What has been written so far. It outlives a connection: the next one goes on behind it.

    `write` writes all that it is given; if it has to wait, it calls `breathe` now and then.
    """

    def __init__(self, write: Callable[[memoryview, Breathe], None]) -> None:
        self._write = write
        self.hash: blake3 = hasher()
        self.size = 0

    def add(self, payload: memoryview, breathe: Breathe) -> None:
        """The next bytes. Raises OSError, such as BrokenPipeError, and what `breathe` raises: then they are
        written nevertheless, for the next connection has to know where it goes on.
        """
        lost: list[Exception] = []

        def breathe_on() -> None:
            try:
                if not lost:
                    breathe()
            except Exception as error:  # noqa: BLE001  raised below
                lost.append(error)

        self._write(payload, breathe_on)
        self.hash.update(payload)
        self.size += len(payload)
        if lost:
            raise lost[0]


class StreamReceiver:
    """The receiver of one file. As claude_remote.transfer.receiving.Receiver otherwise."""

    def __init__(self, stream: Stream, breathe: Breathe, progress: Progress = _QUIET) -> None:
        self._stream = stream
        self._breathe = breathe
        self._progress = progress
        self._packet = r.Packet()
        self._out: deque[r.Record] = deque()
        self._path = b""
        self._came = self._begun = False
        self.over = False

    def take(self, packet: bytes) -> None:
        """A packet of the sender's. Raises RemoteError."""
        for record, payload in r.read(packet, r.FROM_SENDER):
            self._take(record, payload)

    def give(self) -> memoryview | None:
        """The next packet, if there is something to say; good until the next call."""
        packet = self._packet
        packet.clear()
        while self._out:
            record = self._out.popleft()
            packet.add(record)
            self.over = isinstance(record, r.Finished)
        return packet.view()

    def close(self) -> None:
        """Nothing is held."""

    def _take(self, record: r.Record, payload: memoryview) -> None:
        match record:
            case r.Offer() | r.Whole():
                self._arrive(record, payload)
            case r.Begin() | r.Data() | r.End():
                self._go_on(record, payload)
            case r.Skip():
                raise r.trouble(record)
            case r.Directory() | r.Link():
                raise IsFolder(f"{show(record.path)} is a folder, and cannot be written to a stream")
            case r.Finish():
                if self._begun or not self._came:
                    raise BadMessage("the sender has finished, and the file is not complete")
                self._out.append(r.Finished())
            case r.Plan(files=files, size=size):
                self._progress.planned(files, size)

    def _arrive(self, entry: r.Offer | r.Whole, payload: memoryview) -> None:
        if self._came:
            raise BadMessage("a stream takes one file")
        self._came = True
        self._path = entry.path
        if isinstance(entry, r.Offer):
            self._progress.began(entry.path, entry.size)
            size = self._stream.size
            self._out.append(r.Go(n=entry.n, offset=size, digest=self._stream.hash.digest() if size else b""))
            return
        self._progress.began(entry.path, len(payload))
        if self._stream.size:
            raise Changed(f"{show(entry.path)} is not what it was; its beginning is written already")
        if hasher().update(payload).digest() != entry.digest:
            raise Damaged(f"{show(entry.path)} was damaged on its way")
        self._write(payload)
        self._end()

    def _go_on(self, record: r.Begin | r.Data | r.End, payload: memoryview) -> None:
        if self._begun is isinstance(record, r.Begin):
            raise BadMessage("data came before their beginning, or after their end")
        match record:
            case r.Begin(offset=offset):
                if offset != self._stream.size:
                    raise Changed(f"{show(self._path)} is not what it was; its beginning is written already")
                self._begun = True
            case r.Data():
                self._write(payload)
            case r.End(size=size, digest=digest):
                if (size, digest) != (self._stream.size, self._stream.hash.digest()):
                    raise Damaged(f"{show(self._path)} was damaged on its way")
                self._end()

    def _write(self, payload: memoryview) -> None:
        self._stream.add(payload, self._breathe)
        self._progress.moved(len(payload))

    def _end(self) -> None:
        self._begun = False
        self._progress.done(self._path)
        self._out.append(r.Stored(upto=1))
