"""Which records somebody wants to see."""

from __future__ import annotations

import re
import time
from datetime import datetime

from msgspec import Struct

from claude_remote import fingerprints
from claude_remote.audit.chain import AuditRecord

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


class Wanted(Struct, frozen=True):
    """Empty: all of them."""

    since: str = ""  # as records have their time
    client: str = ""  # who did it or whom it was about: a name, a fingerprint or its beginning
    fingerprint: str = ""  # of that client, if its name is known: it may have had another before
    session: str = ""  # a name, an id or its beginning

    def takes(self, record: AuditRecord) -> bool:
        """Whether this is one of them."""
        if self.since and record.at < self.since:
            return False
        if self.session and not (
            record.session_name == self.session
            or (record.session and record.session.startswith(self.session))
        ):
            return False
        return not self.client or any(
            self.client == name
            or _is(fingerprint, self.client)
            or (fingerprint and fingerprint == self.fingerprint)
            for fingerprint, name in (
                (record.client, record.name),
                (record.detail.get("of", ""), record.detail.get("of_name", "")),
            )
        )


def _is(fingerprint: str, which: str) -> bool:
    return fingerprint == which or (bool(fingerprint) and fingerprints.matches(fingerprint, which))


def since(text: str) -> float:
    """`30m`, `2d` (from now back), or a date with or without a time. Seconds. Raises ValueError."""
    if ago := re.fullmatch(r"(\d{1,9})\s*([smhdw])", text.strip()):
        return time.time() - int(ago[1]) * _UNITS[ago[2]]
    try:
        return datetime.fromisoformat(text.strip()).astimezone().timestamp()
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is neither like 30m, 12h, 2d nor a date like 2026-01-31") from None
