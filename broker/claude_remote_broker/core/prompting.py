"""Prompt, from its first byte to its record: text, known or new, session, stored."""

from __future__ import annotations

from hashlib import sha256

from claude_remote import options
from claude_remote.errors import BadMessage, OutOfTurn, PromptConflict, RemoteError, StorageFailed, TooLarge
from claude_remote.messages import Cancel, Decide, Interrupt, Message, Part, Prompt, PromptState, Withdraw
from claude_remote_broker.core import gate
from claude_remote_broker.core.client import Client, Exchange
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.draft import Draft
from claude_remote_broker.core.following import PromptFollowing
from claude_remote_broker.core.session import Session
from claude_remote_broker.core.targets import Aim, Aiming
from claude_remote_broker.core.words import line
from claude_remote_broker.journal import ApprovalRow, PromptRow

# Messages that come before the prompt is recorded and concern what follows.
_MOST_EARLY = 8


class Prompting(Exchange):
    """Ends by handing over to PromptFollowing."""

    def __init__(self, context: Context, client: Client, request: Prompt) -> None:
        super().__init__(context, client)
        self._request = request
        self._text = bytearray()
        self._digest = ""
        self._held = 0
        self._early: list[tuple[Message, bytes]] = []

    def begin(self, payload: bytes) -> None:
        """The request, with the beginning of its text. Raises RemoteError."""
        target = self._request.target
        if self._request.now and (target.session is None or target.fork or target.options):
            raise BadMessage(
                "A prompt for the running turn names a session, and nothing that would change it."
            )
        self.context.tally.add(self.client.peer.fingerprint, self._request.size)
        self._held = self._request.size
        self._take(payload)

    def received(self, message: Message, payload: bytes) -> None:
        """More of the text; what concerns the turn is kept until there is one."""
        match message:
            case Part() if not self._digest:
                self._take(payload)
            case Cancel():
                self.end()
            case Withdraw() | Interrupt() | Decide() if self._digest and len(self._early) < _MOST_EARLY:
                self._early.append((message, payload))
            case _:
                raise OutOfTurn(f"{type(message).__name__} has no meaning before the prompt is recorded")

    def closed(self) -> None:
        """What is stored by then stays; what is not is forgotten."""
        self._release()
        self._text.clear()

    def _release(self) -> None:
        held, self._held = self._held, 0
        if held:
            self.context.tally.remove(self.client.peer.fingerprint, held)

    # --- text ------------------------------------------------------------------------------------------

    def _take(self, payload: bytes) -> None:
        self._text += payload
        if len(self._text) > self._request.size:
            raise TooLarge(f"the prompt was announced with {self._request.size} bytes, and has more")
        if len(self._text) == self._request.size:
            self._digest = sha256(self._text).hexdigest()
            self._find()

    def _words(self) -> str:
        try:
            return self._text.decode("utf-8")
        except UnicodeDecodeError:
            raise BadMessage("the prompt is not UTF-8") from None

    # --- known or new ----------------------------------------------------------------------------------

    def _find(self) -> None:
        """The same id is the same prompt: open, or about to be stored, or long ago, or new."""
        if self.over:
            return
        prompt = self._request.id
        session = self.context.sessions.of_prompt(prompt)
        if session is None:
            self.context.effects.find_prompt(prompt, self._found)
        elif prompt in session.prompts:
            self._follow(session, session.prompts[prompt])
        else:
            session.ledger.submit(LookAgain(self))

    def _found(self, row: PromptRow | ApprovalRow | None) -> None:
        if self.over:
            return
        try:
            if isinstance(row, PromptRow):
                session = self.context.sessions.get(row.session)
                if session is None:
                    self._check_same(row)
                    why = self.context.sessions.why_gone(row.session)
                    raise why or PromptConflict("The session of this prompt is gone.")
                self._follow(session, row)
            elif self.context.sessions.of_prompt(self._request.id) is not None:
                self._find()
            else:
                peer, target, words = self.client.peer, self._request.target, self._words()
                options.check_prompt(words, gate.rights_of(peer.fingerprint, self.context.clients))
                Aiming(self.context, peer, target, self._aimed, self.end).begin(words)
        except RemoteError as error:
            self.end(error)

    def look_again(self) -> None:
        """What was about to be stored when this came is stored now, or will never be."""
        try:
            self._find()
        except RemoteError as error:
            self.end(error)

    # --- recorded --------------------------------------------------------------------------------------

    def _aimed(self, aim: Aim) -> None:
        if self.over:
            # Nobody is there any more who would know of it.
            if aim.session.fresh:
                self.context.workers.abandon(aim.session)
            return
        if self.context.sessions.of_prompt(self._request.id) is not None:
            # The same prompt came by another connection while we looked at folders.
            if aim.session.fresh:
                self.context.workers.abandon(aim.session)
            self._find()
            return
        peer = self.client.peer
        row = PromptRow(
            id=self._request.id,
            session=aim.session.id,
            client=peer.fingerprint,
            client_name=peer.name,
            digest=self._digest,
            size=len(self._text),
            start=line(self._text[:800].decode("utf-8", "replace")),
            at=self.context.now,
            state=PromptState.QUEUED,
            options=aim.options,
            mode=aim.mode,
            model=aim.model,
            now=self._request.now,
            address=peer.address,
        )
        self._release()
        self.context.sessions.prompt_begins(row, aim.session)
        aim.session.ledger.submit(Enqueue(self, aim.session, row, bytes(self._text)))

    def stored(self, session: Session) -> None:
        """It is on disk. By now it may already have been given to a worker, or ended."""
        if not self.over:
            row = session.prompts.get(self._request.id)
            if row is None:
                self.context.effects.find_prompt(self._request.id, self._found)
            else:
                self._follow(session, row)

    def _check_same(self, row: PromptRow) -> None:
        if row.client != self.client.peer.fingerprint:
            raise PromptConflict("Another client has sent a prompt with this id.")
        if row.digest != self._digest:
            raise PromptConflict

    def _follow(self, session: Session, row: PromptRow) -> None:
        self._check_same(row)
        early = self._early
        self.leave()
        following = PromptFollowing(self.context, self.client, session, row)
        if not self._request.follow:
            following.acknowledge()
            return
        following.begin(self._request.after)
        try:
            for message, payload in early:
                if not following.over:
                    following.received(message, payload)
        except RemoteError as error:
            following.end(error)


class Enqueue:
    """A new prompt, in a session that may be new itself."""

    def __init__(self, exchange: Prompting, session: Session, row: PromptRow, text: bytes) -> None:
        self._exchange = exchange
        self._session = session
        self._row = row
        self._text = text

    def apply(self, draft: Draft) -> None:
        """Put it at the end of the line."""
        draft.creates = draft.creates or self._session.fresh
        draft.open_again()
        draft.add(self._row, self._text)
        draft.touch(self._row.at)
        draft.then(lambda: self._exchange.stored(self._session))

    def failed(self, reason: str) -> bool:
        """Who sent it is told, and may send it again."""
        self._exchange.context.sessions.prompt_ended(self._row)
        self._exchange.end(StorageFailed(f"The server cannot write its journal: {reason}"))
        return False


class LookAgain:
    """Nothing of its own: it comes after what was submitted before it."""

    def __init__(self, exchange: Prompting) -> None:
        self._exchange = exchange

    def apply(self, draft: Draft) -> None:
        """Wait for the transaction."""
        draft.then(self._exchange.look_again)

    def failed(self, reason: str) -> bool:  # noqa: ARG002  it looks again in either case
        """Look now."""
        self._exchange.look_again()
        return False
