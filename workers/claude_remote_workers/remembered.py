"""What was given already: every verb may come twice, and is acted on once."""

from __future__ import annotations

from collections import OrderedDict

_MOST = 1000


class Remembered:
    """Ids in their order. The oldest are forgotten when they are many."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, None] = OrderedDict()

    @property
    def all(self) -> tuple[str, ...]:
        """Those that are remembered, the oldest first."""
        return tuple(self._known)

    def add(self, identity: str) -> bool:
        """Whether this is new."""
        if identity in self._known:
            return False
        self._known[identity] = None
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
        return True
