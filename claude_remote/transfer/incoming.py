"""One large file on its way: what there is of it from before, what comes, and its end."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from claude_remote.errors import BadMessage, Damaged, NoSpace, RemoteError
from claude_remote.transfer import records as r
from claude_remote.transfer import sizes
from claude_remote.transfer.content import Breathe, hash_file, hasher
from claude_remote.transfer.disk import Task, sync_all
from claude_remote.transfer.folders import Folder
from claude_remote.transfer.ground import Ground
from claude_remote.transfer.lane import Lane
from claude_remote.transfer.names import show
from claude_remote.transfer.parts import Part, Wait

if TYPE_CHECKING:
    from blake3 import blake3


class Incoming:
    """A file that was offered, to land at `place`. Every method raises OSError and RemoteError."""

    def __init__(
        self,
        offer: r.Offer,
        place: tuple[bytes, ...],
        ground: Ground,
        breathe: Breathe,
        wait: Wait,
    ) -> None:
        """`wait`: see Part.open."""
        self.offer = offer
        self._place = place
        self._ground = ground
        self._breathe = breathe
        folder = ground.parent(place)
        self._part = Part.open(folder, place[-1], wait)
        self._begun = False
        self._unsynced = 0
        self._sync: Task | None = None
        self._lane: Lane | None = None
        try:
            self._hash, self._size = self._look(folder)
        except BaseException:
            if self._part.size:
                self._part.close()
            else:
                self._part.discard(folder)
            raise

    def _look(self, folder: Folder) -> tuple[blake3, int]:
        """What is here, if there is room for the rest."""
        size = self.offer.size or 0
        there = min(self._part.size, size)
        if size - there > folder.free():
            raise NoSpace(
                f"there is no space in {show(folder.path)} for the {size} bytes of {show(self._place[-1])}"
            )
        return hash_file(self._part.descriptor, there, self._breathe)

    @property
    def go(self) -> r.Go:
        """What is to be answered: how much of it is here, and what that is."""
        return r.Go(n=self.offer.n, offset=self._size, digest=self._hash.digest() if self._size else b"")

    def begin(self, offset: int) -> None:
        """Content follows from here on: behind what is here, or from the beginning."""
        if self._begun or offset not in {0, self._size}:
            raise BadMessage(f"{show(self.offer.path)} begins where it cannot")
        self._begun = True
        if offset != self._size:
            self._hash, self._size = hasher(), 0
        self._part.begin(offset)

    def write(self, content: memoryview) -> None:
        """The next bytes."""
        self._size += len(content)
        if not self._begun or (self.offer.size is not None and self._size > self.offer.size):
            self.discard()
            raise BadMessage(f"{show(self.offer.path)} is larger than announced")
        if self._lane is None and (self.offer.size is None or self.offer.size > sizes.PACKET):
            self._lane = Lane(self._store)
        if self._lane is None:
            self._store(content)
        else:
            self._lane.put(content, self._breathe)
        self._unsynced += len(content)
        if self._sync is not None and not self._sync.is_alive():
            self._synced()
        if self._unsynced >= sizes.SYNC_EVERY and self._sync is None:
            descriptor = self._part.descriptor
            self._unsynced = 0
            self._sync = Task(lambda: sync_all([descriptor]))

    def end(self, end: r.End) -> None:
        """That was all of it: when it is what was sent, and on disk, it gets its place."""
        offer, part = self.offer, self._part
        if self._lane is not None:
            self._lane.finish(self._breathe)
        if not self._begun or end.size != self._size or offer.size not in {None, end.size}:
            raise Damaged(f"{show(offer.path)} did not arrive whole")
        if self._hash.digest() != end.digest:
            raise Damaged(f"{show(offer.path)} was damaged on its way")
        part.finish(offer.mode, offer.mtime)
        self._synced()
        Task(lambda: sync_all([part.descriptor])).wait(self._breathe)
        folder = self._ground.parent(self._place)
        part.place(folder, offer.mtime)
        Task(folder.sync).wait(self._breathe)

    def discard(self) -> None:
        """What is here is of no use."""
        self._stop()
        with suppress(OSError, RemoteError):
            self._part.discard(self._ground.parent(self._place))
        self._part.close()

    def close(self) -> None:
        """Leave what is here, to go on with; if that is nothing, nothing."""
        self._stop()
        if self._part.descriptor >= 0 and not self._part.size:
            self.discard()
        self._part.close()

    def _store(self, content: memoryview) -> None:
        self._hash.update(content)
        self._part.write(content)

    def _stop(self) -> None:
        """Before the descriptor is closed: its number may be another file's then."""
        if self._lane is not None:
            self._lane.stop()

    def _synced(self) -> None:
        """What the disk had to say is said once, to whoever asks first."""
        task, self._sync = self._sync, None
        if task is not None:
            task.wait(self._breathe)
