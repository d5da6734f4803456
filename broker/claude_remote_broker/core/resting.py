"""Mode and model of a session whose claude does not run: noted now, and what its next claude starts with."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from claude_remote import facts
from claude_remote.errors import NotIdle, RemoteError, StorageFailed
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.draft import Draft
from claude_remote_broker.core.session import Session

_BYPASS = "bypassPermissions"
_FOR_BYPASS = "--allow-dangerously-skip-permissions"


def asks_for(subtype: str, arguments: Mapping[str, object], session: Session) -> facts.SessionChanged | None:
    """What a control request changes that needs no claude; None for all others. The request was checked."""
    mode, model = arguments.get("mode"), arguments.get("model")
    if subtype == "set_permission_mode" and isinstance(mode, str):
        # Claude refuses this one unless it was started for it.
        return None if mode == _BYPASS and _FOR_BYPASS not in session.row.options else _mode(mode)
    if subtype == "set_model":
        return facts.SessionChanged(model=model if isinstance(model, str) and model else "default")
    return None


def _mode(mode: str) -> facts.SessionChanged:
    return facts.SessionChanged(mode="default" if mode == "manual" else mode)


class ForTheNext:
    """A change of a session at rest. `done` gets the answer, JSON; `fail` why there is none."""

    def __init__(
        self,
        context: Context,
        fact: facts.SessionChanged,
        done: Callable[[bytes], None],
        fail: Callable[[RemoteError], None],
    ) -> None:
        self._context = context
        self._fact = fact
        self._done = done
        self._fail = fail

    def apply(self, draft: Draft) -> None:
        """Write it into the log, unless a worker owns that by now."""
        if draft.row.lease is not None:
            words = f"The claude of {draft.row.name} is just starting; try again."
            draft.then(lambda: self._fail(NotIdle(words)))
            return
        draft.write([self._fact], self._context.now)
        told = {"mode": self._fact.mode} if self._fact.mode is not None else {"model": self._fact.model}
        draft.then(lambda: self._done(msgspec.json.encode(told)))

    def failed(self, reason: str) -> bool:
        """Who asked is told."""
        self._fail(StorageFailed(f"The server cannot write its journal: {reason}"))
        return False
