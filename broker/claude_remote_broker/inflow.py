"""What comes in on one connection: bytes become frames, which are taken at the pace that is allowed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from time import perf_counter

from claude_remote import framing
from claude_remote.errors import RemoteError, TooLarge
from claude_remote_broker.limits import Bucket, Limits, Pace
from claude_remote_broker.vigil import Vigil
from claude_remote_broker.waking_time import WakingTime

# Where bytes are received that do not belong to a long payload: used up before anything else is received.
_room = memoryview(bytearray(32 * 1024))


class Inflow:
    """`take` gets every frame, and may raise RemoteError; `failed` gets that, and whatever is no frame.

    While it is the turn of others the transport reads nothing. A stranger may send little, a known peer has a
    pace instead.
    """

    __slots__ = (
        "_bytes_left",
        "_clock",
        "_decoder",
        "_failed",
        "_fills",
        "_limits",
        "_loop",
        "_pace",
        "_resume",
        "_slow",
        "_stopped",
        "_take",
        "_transport",
        "_vigil",
    )

    def __init__(
        self,
        limits: Limits,
        vigil: Vigil,
        clock: WakingTime,
        take: Callable[[framing.Frame], None],
        failed: Callable[[RemoteError], None],
    ) -> None:
        self._limits = limits
        self._vigil = vigil
        self._clock = clock
        self._take = take
        self._failed = failed
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._decoder = framing.Decoder(limits.stranger_payload)
        self._bytes_left: int | None = limits.stranger_bytes
        self._pace: Pace | None = None
        self._slow: Bucket | None = None
        self._fills = False  # the decoder's own room
        self._resume: asyncio.Handle | None = None
        self._stopped = False

    def begin(self, transport: asyncio.Transport) -> None:
        """It comes from there."""
        self._transport = transport

    def admit(self, pace: Pace) -> None:
        """The peer is known."""
        self._pace = pace
        self._decoder = framing.Decoder()
        self._bytes_left = None

    def be_slow(self, *, slow: bool) -> None:
        """Whoever does not read what it is sent is read at another pace: each answer would pile up."""
        self._slow = Bucket(self._limits.messages_unread, self._clock.now()) if slow else None

    def stop(self) -> None:
        """Nothing is taken any more."""
        self._stopped = True
        if self._resume is not None:
            self._resume.cancel()
            self._resume = None

    # --- bytes -------------------------------------------------------------------------------------------

    def room(self) -> memoryview:
        """Where the next bytes are to be put."""
        waiting = self._decoder.waiting
        self._fills = len(waiting) > 0
        return waiting if self._fills else _room

    def received(self, count: int) -> None:
        """So many were put there."""
        if self._stopped:
            return
        now = self._clock.now()
        self._vigil.heard(now)
        if self._bytes_left is not None:
            self._bytes_left -= count
            if self._bytes_left < 0:
                self._failed(TooLarge("that is more than anybody has to say at the bell"))
                return
        self._read(self._decoder.received(count) if self._fills else self._decoder.feed(_room[:count]), now)

    def hear_out(self) -> None:
        """The peer has gone. What had come before, and waited for its turn, counts: an interrupt, perhaps.

        There is no more of it than one read brings; and nobody is there to be told what is wrong with it.
        """
        if self._resume is None or self._stopped:
            return
        with suppress(RemoteError), closing(self._decoder.feed(b"")) as frames:
            for frame in frames:
                self._take(frame)
                if self._stopped:
                    return

    # --- frames ------------------------------------------------------------------------------------------

    def _read(self, decoded: Generator[framing.Frame, None, None], now: float) -> None:
        """Take the complete frames; the decoder keeps the rest."""
        try:
            with closing(decoded) as frames:
                while not self._is_turn_of_others():
                    frame = next(frames, None)
                    if frame is None:
                        break
                    self._vigil.frame_ended()
                    wait = self._work(frame, now)
                    if self._stopped:
                        return
                    if wait > 0:
                        self._pause(wait)
                        return
                else:
                    self._pause(0.0)
                    return
        except RemoteError as error:
            self._failed(error)
            return
        if self._decoder.pending:
            self._vigil.frame_begun(now)
        else:
            self._vigil.frame_ended()

    def _is_turn_of_others(self) -> bool:
        pace = self._pace
        return pace is not None and (
            pace.is_over(self._loop.time()) or pace.bulk.is_over(self._decoder.pending)
        )

    def _work(self, frame: framing.Frame, now: float) -> float:
        """Take one message, and account for it. Seconds until the next may be read."""
        began = perf_counter()
        self._take(frame)
        if self._pace is not None:
            self._pace.work(self._loop.time(), perf_counter() - began)
            self._pace.bulk.take(len(frame.payload))
        return self._spend(now)

    def _spend(self, now: float) -> float:
        wait = 0.0 if self._pace is None else self._pace.spend(now)
        if self._slow is not None:
            wait = max(wait, self._slow.spend(now))
        return wait

    def _pause(self, seconds: float) -> None:
        if self._resume is not None:
            self._resume.cancel()
        if self._transport is not None:
            self._transport.pause_reading()
            self._vigil.frame_ended()
            self._resume = self._loop.call_later(seconds, self._go_on)

    def _go_on(self) -> None:
        self._resume = None
        transport = self._transport
        if self._stopped or transport is None:
            return
        # What it has said before is heard only now; its heartbeats wait behind it.
        now = self._clock.now()
        self._vigil.heard(now)
        self._read(self._decoder.feed(b""), now)
        if self._resume is None:
            transport.resume_reading()
