"""Other claudes that have the conversation of a lease open: in a terminal, an editor, of another server."""

from __future__ import annotations

import os
from collections.abc import Mapping

from claude_remote import conversations, processes
from claude_remote.conversations import Owner


class Rivals:
    """Looks at what claudes say of themselves. What is below this process is no rival: it is ours."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._home = conversations.find_home(environment)

    def find(self, conversation: str) -> Owner | None:
        """Somebody else who has this conversation open. A claude says so 0.3 s after its start."""
        own = os.getpid()
        for owner in conversations.find_owners(self._home):
            if owner.conversation == conversation and own not in processes.ancestors(owner.process.pid):
                return owner
        return None
