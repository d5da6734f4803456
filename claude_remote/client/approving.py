"""Requests about Claude's questions, to see, follow and decide them, and about the rules that answer some."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from claude_remote import messages
from claude_remote.client.answers import ANSWER_WITHIN, ask_all, ask_one, expect
from claude_remote.client.asking import ask
from claude_remote.client.pool import Pool, closing_on_error
from claude_remote.errors import (
    BadMessage,
    LinkLost,
    ShuttingDown,
    TimedOut,
    TooLarge,
    Unreachable,
)
from claude_remote.messages import (
    DEAD_AFTER,
    ApprovalInfo,
    ApprovalState,
    Behavior,
    RuleInfo,
    Scope,
)

if TYPE_CHECKING:  # what a ping does not need, it does not import
    from claude_remote.client.link import Link
    from claude_remote.client.turn import Verdict
    from claude_remote.facts import ApprovalOpened

_MAX_QUESTION = 128 * 1024 * 1024
_AGAIN = 0.5
_LONGEST_PAUSE = 5.0
_AWAY = (LinkLost, Unreachable, ShuttingDown)


class Receipt(Struct, frozen=True, kw_only=True):
    """What became of a decision. `by` decided first, and it may be somebody else; `behavior` is theirs.

    `state` is taken or finished (claude acts on it), or void: it had no effect, `reason` says why.
    """

    approval: str
    behavior: Behavior
    by: str
    state: ApprovalState
    reason: str = ""


class File(Struct, frozen=True, kw_only=True):
    """A file on the server as it is now. None: there is none, or (`refused`) it is not shown."""

    path: str
    content: bytes | None
    refused: str = ""


class Asked(Struct, frozen=True, kw_only=True):
    """A question, whole. `file`: what it is to change, if that was asked for."""

    info: ApprovalInfo
    fact: ApprovalOpened
    file: File | None = None


class Approving:
    """The part of Client that deals with approvals and rules."""

    _pool: Pool

    # --- seeing -----------------------------------------------------------------------------------------

    def approvals(self) -> list[ApprovalInfo]:
        """The questions that are open, of all sessions that this client may see; the oldest first."""
        request = messages.ListApprovals()
        return [
            info for message in ask_all(self._pool, request, messages.Approvals) for info in message.approvals
        ]

    def follow_approvals(
        self,
        *,
        on_away: Callable[[str], None] = lambda _: None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Iterator[messages.Approvals]:
        """Lists of those that are open (`begins`), and between them each that is new or moved on; for ever.

        When the connection breaks it is made again, after `on_away` was told why, and a new list comes.
        Ends when `stopped` says so, which is looked at about every second.
        """
        pause = _AGAIN
        while not stopped():
            try:
                for message in self._follow(stopped):
                    pause = _AGAIN
                    yield message
            except _AWAY as error:
                on_away(error.message)
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def approval(self, which: str, *, file: bool = False) -> Asked:
        """A question whole, by its id or the beginning of it; open or long decided.

        With `file`, and if it is for a file that is to be changed, with that file as it is now.
        """
        import msgspec

        from claude_remote import facts

        request = messages.ShowApproval(approval=which, file=file)

        def look(link: Link) -> tuple[ApprovalInfo, bytes, File | None]:
            seen: File | None = None
            link.send(request)
            info, line = _receive_question(link)
            message, payload = link.receive(ANSWER_WITHIN)
            if isinstance(message, messages.File):
                seen, message = _receive_file(link, message, payload)
            expect(message, messages.Done)
            return info, line, seen

        info, line, seen = ask(self._pool, request, look)
        try:
            fact = facts.decode(line)
        except msgspec.DecodeError:
            raise BadMessage("the server tells of this question in a way that is not known here") from None
        if not isinstance(fact, facts.ApprovalOpened):
            raise BadMessage("the server told of something else than this question")
        return Asked(info=info, fact=fact, file=seen)

    # --- deciding ---------------------------------------------------------------------------------------

    def decide(self, approval: str, verdict: Verdict) -> messages.Decided:
        """Decide an approval of any session. Somebody else may have been first: see `by`."""
        request = verdict.request(approval)
        return ask_one(self._pool, request, messages.Decided, verdict.input or b"")

    def settle(self, approval: str, verdict: Verdict, *, patience: float = 60.0) -> Receipt:
        """Decide an approval, and return when claude has taken the decision, or when it had no effect.

        When the connection breaks it is made again for `patience` seconds: the same decision sent again is
        the same decision. Raises AlreadyDecided when the question is no more.
        """
        gives_up = time.monotonic() + patience
        while True:
            try:
                return self._settle(approval, verdict)
            except _AWAY:
                if time.monotonic() >= gives_up:
                    raise
                time.sleep(_AGAIN)

    def allow(self, approval: str, *, for_session: bool = False) -> messages.Decided:
        """Allow what Claude asks for: once, or the like for the rest of the session."""
        from claude_remote.client.turn import Verdict

        return self.decide(approval, Verdict(behavior=Behavior.ALLOW, for_session=for_session))

    def deny(self, approval: str, reason: str = "", *, stop: bool = False) -> messages.Decided:
        """Deny what Claude asks for, and tell it why; `stop` ends the turn too."""
        from claude_remote.client.turn import Verdict

        return self.decide(approval, Verdict(behavior=Behavior.DENY, message=reason, stop=stop))

    # --- rules ------------------------------------------------------------------------------------------

    def rules(self) -> list[RuleInfo]:
        """The standing rules that this client may see."""
        request = messages.ListRules()
        return [rule for message in ask_all(self._pool, request, messages.Rules) for rule in message.rules]

    def add_rule(
        self,
        rule: str,
        scope: Scope,
        *,
        session: str | None = None,
        folder: str | None = None,
        seconds: float | None = None,
    ) -> RuleInfo:
        """Allow without asking from now on, in claude's grammar of rules. Raises BadOption."""
        request = messages.AddRule(rule=rule, scope=scope, session=session, folder=folder, seconds=seconds)
        return self._one_rule(request)

    def remove_rule(self, which: str) -> RuleInfo:
        """Withdraw a rule, by its id or the beginning of it. Raises NoSuchRule, Ambiguous."""
        return self._one_rule(messages.RemoveRule(rule=which))

    # --- inside -----------------------------------------------------------------------------------------

    def _one_rule(self, request: messages.AddRule | messages.RemoveRule) -> RuleInfo:
        found = ask_one(self._pool, request, messages.Rules).rules
        if len(found) != 1:
            raise BadMessage(f"one rule was to be named; the server names {len(found)}")
        return found[0]

    def _settle(self, approval: str, verdict: Verdict) -> Receipt:
        with self._pool.link() as link:
            link.send(verdict.request(approval, receipt=True), verdict.input or b"")
            decided = expect(link.receive(ANSWER_WITHIN).message, messages.Decided)
            state, reason = ApprovalState.DECIDED, ""
            # How long claude takes is not for us to say; that the server lives, its heartbeats tell.
            while not isinstance(message := link.receive(None).message, messages.Done):
                receipt = expect(message, messages.Receipt)
                state, reason = receipt.state, receipt.reason
        return Receipt(
            approval=approval, behavior=decided.behavior, by=decided.by, state=state, reason=reason
        )

    def _follow(self, stopped: Callable[[], bool]) -> Iterator[messages.Approvals]:
        link = self._pool.take()
        with closing_on_error(link):
            link.send(messages.ListApprovals(follow=True))
            try:
                while not stopped():
                    try:
                        message = link.receive(1.0).message
                    except TimedOut:
                        if link.unheard > DEAD_AFTER:
                            raise LinkLost(f"{link.peer} has not been heard for {DEAD_AFTER:.0f} s") from None
                        continue
                    yield expect(message, messages.Approvals)
            finally:
                link.close()


def _receive_question(link: Link) -> tuple[ApprovalInfo, bytes]:
    parts: list[bytes] = []
    size = 0
    while True:
        message, payload = link.receive(ANSWER_WITHIN)
        told = expect(message, messages.Approval)
        parts.append(payload)
        size += len(payload)
        if size > _MAX_QUESTION:
            raise TooLarge(f"the question is longer than {_MAX_QUESTION} bytes")
        if not told.more:
            return told.approval, b"".join(parts)


def _receive_file(link: Link, told: messages.File, payload: bytes) -> tuple[File, messages.Message]:
    parts = [payload]
    while told.more and sum(map(len, parts)) <= _MAX_QUESTION:
        message, payload = link.receive(ANSWER_WITHIN)
        told = expect(message, messages.File)
        parts.append(payload)
    content = None if told.missing or told.refused else b"".join(parts)
    return File(path=told.path, content=content, refused=told.refused), link.receive(ANSWER_WITHIN).message
