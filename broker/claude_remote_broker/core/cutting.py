"""When rights are taken: what their client has under way and may no more ends at once.

Requests look at the rights of now anyway; this is about what was begun before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from claude_remote.messages import ClientInfo, ClientState, PromptState
from claude_remote.rights import Right
from claude_remote_broker.core import gate, interrupting
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.draft import Draft
from claude_remote_broker.core.session import Session
from claude_remote_broker.core.turns import why_not

REVOKED = "its client was revoked"


class _Granted(NamedTuple):
    rights: frozenset[Right]
    roots: tuple[str, ...]


class Cutting:
    """Remembers what each client had, to see what is taken."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._before: dict[str, _Granted] = {}

    def look(self, client: ClientInfo) -> bool:
        """Something about a client is new. Whether anything was taken from it."""
        clients, fingerprint = self._context.clients, client.fingerprint
        now = _Granted(gate.rights_of(fingerprint, clients), gate.roots_of(fingerprint, clients))
        before = self._before.get(fingerprint)
        self._before[fingerprint] = now
        if before is not None and before.rights <= now.rights and before.roots == now.roots:
            return False
        self.cut(fingerprint, REVOKED if client.state is ClientState.REVOKED else "")
        return True

    def forget(self, fingerprint: str) -> None:
        """A client is no more in the table."""
        self._before.pop(fingerprint, None)

    def cut(self, fingerprint: str | None = None, reason: str = "") -> None:
        """End the prompts of a client (None: of every client) that may not go on; with a reason: all."""
        for session in self._context.sessions:
            if session.prompts or not session.ledger.quiet:
                session.ledger.submit(_Cut(self._context, fingerprint, reason))


class _Cut:
    """Those that wait are taken back; what runs is interrupted."""

    def __init__(self, context: Context, fingerprint: str | None, reason: str) -> None:
        self._context = context
        self._fingerprint = fingerprint
        self._reason = reason

    def apply(self, draft: Draft) -> None:
        """Also those that are just being stored: they were submitted before."""
        for prompt in [*draft.open_prompts()]:
            if self._fingerprint not in {None, prompt.client}:
                continue
            reason = self._reason or why_not(prompt, draft.row, self._context)
            if reason and prompt.state is PromptState.QUEUED:
                draft.put(replace(prompt, state=PromptState.VOID, reason=reason))
            elif reason and not prompt.steered:
                # A turn that somebody else began goes on; what was said in its midst has been read.
                draft.then(self._stopping(draft.session, prompt.id))

    def failed(self, reason: str) -> bool:  # noqa: ARG002  it must be stored whatever it was
        """Try again."""
        return True

    def _stopping(self, session: Session, prompt: str) -> Callable[[], None]:
        return lambda: interrupting.stop(session, prompt, self._context)
