"""All sessions, and what is found by a name: sessions, prompts and approvals that have not ended."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import nlargest

from claude_remote.errors import Ambiguous, NameTaken, NoSuchSession, QueueFull, SessionTrimmed
from claude_remote_broker.core import gate
from claude_remote_broker.core.limits import Limits
from claude_remote_broker.core.session import Session
from claude_remote_broker.core.tally import Tally
from claude_remote_broker.core.tombstones import Tombstones, gone
from claude_remote_broker.journal import ApprovalRow, PromptRow, Tombstone
from claude_remote_broker.ports import ClientTable, Peer

# Shorter beginnings of an id would be found by accident.
_SHORTEST_BEGINNING = 4


class Sessions:
    """Looked up by id, its beginning, or name; names are unique, without regard to case."""

    def __init__(self, limits: Limits, tally: Tally, clients: ClientTable, tombstones: Tombstones) -> None:
        self._tombstones = tombstones
        self._limits = limits
        self._tally = tally
        self._clients = clients
        self._by_id: dict[str, Session] = {}
        self._by_name: dict[str, Session] = {}
        self._prompts: dict[str, Session] = {}
        self._approvals: dict[str, Session] = {}

    def __iter__(self) -> Iterator[Session]:
        return iter([*self._by_id.values()])

    def get(self, session: str) -> Session | None:
        """By its whole id."""
        return self._by_id.get(session)

    def add(self, session: Session) -> None:
        """A session that was recovered, or is about to be stored. Raises QueueFull at the limit."""
        if session.fresh and len(self._by_id) >= self._limits.sessions:
            raise QueueFull(f"this server keeps {self._limits.sessions} sessions, and has as many")
        self._by_id[session.id] = session
        if session.row.name:
            self._by_name[session.row.name.lower()] = session
        for prompt in session.prompts.values():
            self._prompts[prompt.id] = session
            self._tally.recover(prompt.client, prompt.size)
        for approval in session.approvals.values():
            self.approval_changed(approval)

    def drop(self, session: Session) -> None:
        """A session that could not be stored."""
        self._by_id.pop(session.id, None)
        if self._by_name.get(session.row.name.lower()) is session:
            del self._by_name[session.row.name.lower()]

    def bury(self, session: Session, tombstone: Tombstone) -> None:
        """It is trimmed: nobody finds it any more, and who asks for it is told."""
        self.drop(session)
        self._tombstones.add(tombstone)

    # --- finding ---------------------------------------------------------------------------------------

    def name_taken(self, name: str) -> bool:
        """Whether a session has that name."""
        return name.lower() in self._by_name

    def reserve(self, name: str, session: Session) -> None:
        """A name that a session is about to get. Raises NameTaken."""
        if self._by_name.get(name.lower(), session) is not session:
            raise NameTaken(f"Another session is called {name!r}.")
        self._by_name[name.lower()] = session

    def give_up(self, name: str, session: Session) -> None:
        """A name that a session has not any more, or has not got; the one that it has stays."""
        if self._by_name.get(name.lower()) is session and session.row.name.lower() != name.lower():
            del self._by_name[name.lower()]

    def find(self, text: str, peer: Peer) -> Session:
        """The session that a client means. Raises NoSuchSession, SessionTrimmed or Ambiguous."""
        for found in (self._by_id.get(text.lower()), self._by_name.get(text.lower())):
            if found is not None and self._is_there(found, peer):
                return found
        if len(text) >= _SHORTEST_BEGINNING:
            beginning = text.lower()
            many = [
                session
                for key, session in self._by_id.items()
                if key.startswith(beginning) and self._is_there(session, peer)
            ]
            if len(many) == 1:
                return many[0]
            if many:
                names = ", ".join(session.row.name for session in many[:5])
                raise Ambiguous(f"{text!r} could be any of {len(many)} sessions: {names}")
        self._look_among_the_dead(text, peer)
        raise NoSuchSession(f"There is no session {text!r}.")

    def _look_among_the_dead(self, text: str, peer: Peer) -> None:
        tombstone = self._tombstones.find(text, _SHORTEST_BEGINNING)
        if tombstone is not None and gate.sees_all_or_own(peer, tombstone.client, self._clients):
            raise gone(tombstone)

    def why_gone(self, session: str) -> SessionTrimmed | None:
        """Why there is no session of this id any more, if it was trimmed."""
        tombstone = self._tombstones.find(session, len(session) + 1)
        return None if tombstone is None else gone(tombstone)

    def of_conversation(self, conversation: str) -> Session | None:
        """The session whose claude has this conversation of its own."""
        return next(
            (session for session in self._by_id.values() if session.row.claude_session == conversation),
            None,
        )

    def latest(self, client: str, cwd: str) -> Session:
        """The session of this client in a folder that changed last. Raises NoSuchSession."""
        own = [
            session
            for session in self._by_id.values()
            if session.row.client == client and session.row.cwd == cwd and not session.fresh
        ]
        if not own:
            raise NoSuchSession(f"You have no session in {cwd} yet.")
        opened = [session for session in own if session.row.closed is None]
        if not opened:
            last = max(own, key=lambda session: session.row.changed).row.name
            raise NoSuchSession(
                f"Your sessions in {cwd} are closed. Go on with the last of them by {last!r}."
            )
        return max(opened, key=lambda session: session.row.changed)

    def newest(self, count: int, peer: Peer | None = None) -> list[Session]:
        """The sessions that changed last, of those that a client sees; the newest first."""
        return nlargest(count, self._seen_by(peer), key=lambda session: session.row.changed)

    def count(self, peer: Peer) -> int:
        """How many sessions a client sees."""
        return sum(1 for _ in self._seen_by(peer))

    def _seen_by(self, peer: Peer | None) -> Iterator[Session]:
        return (session for session in self._by_id.values() if self._is_there(session, peer))

    def _is_there(self, session: Session, peer: Peer | None) -> bool:
        return not session.fresh and (peer is None or gate.sees(peer, session, self._clients))

    # --- prompts and approvals -------------------------------------------------------------------------

    def of_prompt(self, prompt: str) -> Session | None:
        """The session in which a prompt has not ended, or is about to be stored."""
        return self._prompts.get(prompt)

    def prompt_begins(self, prompt: PromptRow, session: Session) -> None:
        """A prompt is about to be stored. Raises QueueFull when too many wait."""
        waiting = sum(1 for _ in session.queued)
        if waiting >= self._limits.prompts_of_session:
            raise QueueFull(f"{waiting} prompts wait already for this session")
        self._tally.add(prompt.client, prompt.size)
        self._prompts[prompt.id] = session

    def prompt_ended(self, prompt: PromptRow) -> None:
        """A prompt has ended, or could not be stored."""
        if self._prompts.pop(prompt.id, None) is not None:
            self._tally.remove(prompt.client, prompt.size)

    def of_approval(self, approval: str) -> Session | None:
        """The session in which an approval has not ended."""
        return self._approvals.get(approval)

    def approval_changed(self, approval: ApprovalRow) -> None:
        """An approval is new, moved on or has ended."""
        session = self._by_id.get(approval.session)
        if approval.ended or session is None:
            self._approvals.pop(approval.id, None)
        else:
            self._approvals[approval.id] = session
