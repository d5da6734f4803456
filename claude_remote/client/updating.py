"""A client's request to bring the server, or its claude, to the newest version (right: admin)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeAlias, cast

from claude_remote import messages
from claude_remote.client.errands import Errands
from claude_remote.errors import (
    LinkLost,
    Restarting,
    ShuttingDown,
    TooManyConnections,
    Unreachable,
    UpdateFailed,
)
from claude_remote.messages import FromUpdate, Restarts, Update
from claude_remote.parcels import union

OnUpdate: TypeAlias = Callable[[FromUpdate, bytes], None]
# Seconds: an installation may be silent for long, the server comes back in one or two.
_SILENT_AT_MOST, _BACK_WITHIN = 1200.0, 90.0
_TRY_AGAIN = 0.3
_FROM_UPDATE = union(messages.FromUpdate)


class Updating(Errands):
    """The part of Client that updates the server."""

    def update(self, on_told: OnUpdate, *, check: bool = False, claude: bool = False) -> str | None:
        """Update it, or only `check`. `on_told` is given each word of it and its payload.

        The version that the server speaks after its restart; None: it did not restart. Raises UpdateFailed
        when it goes on as it was.
        """
        restarts: Restarts | None = None
        try:
            with self.run_errand(Update(check=check, claude=claude)) as errand:
                while (parcel := errand.receive(_SILENT_AT_MOST)) is not None:
                    word = cast("FromUpdate", parcel.read(_FROM_UPDATE))
                    if isinstance(word, Restarts):
                        restarts = word
                    on_told(word, parcel.payload)
        except (Restarting, LinkLost) as error:
            if restarts is None:
                raise
            return self._come_back(restarts.version, error)
        return None

    def _come_back(self, wanted: str, lost: Restarting | LinkLost) -> str:
        deadline = time.monotonic() + _BACK_WITHIN
        while True:
            try:
                link, hello, _ = self._pool.open()
            except (Unreachable, LinkLost, Restarting, ShuttingDown, TooManyConnections) as error:
                if time.monotonic() > deadline:
                    raise LinkLost(f"{lost.message} It has not come back: {error.message}") from None
                time.sleep(_TRY_AGAIN)
                continue
            self._pool.put_back(link)
            if wanted and hello.version != wanted:
                raise UpdateFailed(
                    f"Version {wanted} did not come up; the server goes on with {hello.version}."
                    " Its log says more: claude-remote server-logs"
                )
            return hello.version
