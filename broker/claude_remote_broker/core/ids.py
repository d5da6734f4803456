"""Where new names come from. Tests give their own, so that their transcripts can be read."""

from __future__ import annotations

import secrets
import uuid

from claude_remote.messages import TICKET


class Ids:
    """Random names."""

    def uuid(self) -> str:
        """For a session or a request."""
        return str(uuid.uuid4())

    def token(self) -> str:
        """256 random bits that prove to be a certain worker."""
        return secrets.token_hex(32)

    def ticket(self) -> bytes:
        """For a direct connection."""
        return secrets.token_bytes(TICKET)

    def worker(self) -> str:
        """The name of a worker."""
        return f"w-{secrets.token_hex(5)}"

    def errand(self) -> str:
        """The name of an errand's process."""
        return f"e-{secrets.token_hex(5)}"
