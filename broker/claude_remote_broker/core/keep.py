"""What is kept."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Keep:
    """What is kept: `days` since a session was last used, `size` bytes in all; 0 is without limit."""

    days: float = 0.0
    size: int = 0

    def __bool__(self) -> bool:
        return bool(self.days or self.size)
