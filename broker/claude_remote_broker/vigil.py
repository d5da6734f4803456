"""What one connection is waited for, and for how long: no IO, and any clock that only goes forward."""

from __future__ import annotations

from claude_remote import messages
from claude_remote.errors import BadFrame, LinkLost, RemoteError, TimedOut
from claude_remote_broker.limits import Limits


class Vigil:
    """Times are those of `now` in the calls, in seconds."""

    __slots__ = ("_deadline", "_frame_since", "_heard", "_limits", "_said", "_too_late")

    def __init__(self, limits: Limits, now: float) -> None:
        self._limits = limits
        self._heard = self._said = now
        self._frame_since: float | None = None
        self._deadline: float | None = None
        self._too_late = ""

    def heard(self, now: float) -> None:
        """The peer has sent something."""
        self._heard = now

    def said(self, now: float) -> None:
        """We have sent something."""
        self._said = now

    def frame_begun(self, now: float) -> None:
        """A frame is not complete yet; this one or, when that has been said before, still that one."""
        if self._frame_since is None:
            self._frame_since = now

    def frame_ended(self) -> None:
        """No frame is under way, or it is not the peer's fault."""
        self._frame_since = None

    def expect_within(self, seconds: float | None, too_late: str, now: float) -> None:
        """Something has to happen in so many seconds, or these are the words for it; None: nothing has to."""
        self._deadline = None if seconds is None else now + seconds
        self._too_late = too_late

    def is_late(self, now: float) -> bool:
        """Whether what was expected did not happen."""
        return self._deadline is not None and now >= self._deadline

    def failure(self, now: float) -> RemoteError | None:
        """Why the peer has to be hung up on, if it has to."""
        if self.is_late(now):
            return TimedOut(self._too_late)
        if now - self._heard >= messages.DEAD_AFTER:
            return LinkLost("nothing was heard from you for too long")
        if self._frame_since is not None and now - self._frame_since >= self._limits.frame_timeout:
            return BadFrame("a frame took too long")
        return None

    def heartbeat_due(self, now: float) -> bool:
        """Whether we have been silent for too long."""
        return now - self._said >= messages.HEARTBEAT_EVERY
