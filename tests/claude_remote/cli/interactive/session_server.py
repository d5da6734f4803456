"""A server with one session, in a thread: its log is what the test writes, and what is asked for is kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import msgspec

from claude_remote import facts, messages
from claude_remote.errors import RemoteError
from claude_remote.messages import Cursor, PromptState, SessionState, Source
from claude_remote.rights import Right
from tests.claude_remote.client.scripted import GENERATION, Connection, session_info

PATIENCE = 20.0
T = TypeVar("T")


class Given(msgspec.Struct):
    """A prompt that came."""

    id: str
    text: str


class SessionServer:
    """Pass `serve` to a scripted server: it serves every connection, until close()."""

    def __init__(self, *, rights: tuple[Right, ...] = tuple(Right), **fields: object) -> None:
        self.info = session_info(**({"state": SessionState.IDLE} | fields))
        self.prompts: list[Given] = []
        self.decisions: list[tuple[messages.Decide, bytes]] = []
        self.controls: list[tuple[str, dict[str, object]]] = []
        self.interrupts = 0
        self.opened: list[messages.Target] = []
        self.answers: dict[str, object] = {}  # to controls; an exception is raised
        self.waiting: messages.Waiting | None = None  # told of each prompt
        self.refuse_prompts: RemoteError | None = None
        self._rights = rights
        self._log: list[tuple[Source, bytes]] = []
        self._finished: dict[str, messages.Finished] = {}
        self._elsewhere: list[messages.ApprovalInfo] = []
        self.elsewhere: dict[str, messages.ApprovalInfo] = {}
        self.questions: dict[str, facts.ApprovalOpened] = {}  # of other sessions
        self._changed = threading.Condition()
        self._closed = False
        self._parting: RemoteError | None = None
        self._broken = 0  # connections that began before the last break are cut

    # --- what the test says -------------------------------------------------------------------------------

    def log(self, *lines: bytes | facts.Fact) -> None:
        """Append claude's lines and facts to the session's log."""
        with self._changed:
            for line in lines:
                if isinstance(line, bytes):
                    self._log.append((Source.CLAUDE, line))
                else:
                    self._log.append((Source.FACT, facts.encode(line)))
                if isinstance(line, facts.TurnFinished) and line.prompt is not None:
                    state = PromptState.VOID if line.outcome == "void" else PromptState.DONE
                    self._finished[line.prompt] = messages.Finished(
                        prompt=line.prompt, state=state, reason=line.reason
                    )
            self._changed.notify_all()

    def ask_elsewhere(self, info: messages.ApprovalInfo, fact: facts.ApprovalOpened | None = None) -> None:
        """A question of another session opens, or moves on."""
        with self._changed:
            self._elsewhere.append(info)
            self.elsewhere[info.id] = info
            if fact is not None:
                self.questions[info.id] = fact
            self._changed.notify_all()

    def wait(self, ready: Callable[[], T]) -> T:
        """Wait until `ready` gives something true."""
        with self._changed:
            found = self._changed.wait_for(ready, PATIENCE)
        assert found, "it did not come"
        return found

    def prompt(self, number: int = 1) -> Given:
        """The prompt that came as this one."""
        self.wait(lambda: len(self.prompts) >= number)
        return self.prompts[number - 1]

    def begin(self, number: int = 1, client: str = "me@laptop") -> Given:
        """Begin the turn of a prompt."""
        given = self.prompt(number)
        self.log(facts.TurnStarted(prompt=given.id, client=client))
        return given

    def finish(self, number: int = 1, **fields: object) -> None:
        """End it."""
        values: dict[str, object] = {"outcome": "done", "cost": 0.01, "duration": 1.5}
        self.log(facts.TurnFinished(prompt=self.prompt(number).id, **(values | fields)))  # type: ignore[arg-type]

    def cut(self, parting: RemoteError | None = None) -> None:
        """Break every connection there is, with a last word to who follows the log."""
        with self._changed:
            self._parting = parting
            self._broken += 1
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    # --- what a client asks -------------------------------------------------------------------------------

    def serve(self, connection: Connection) -> None:
        connection.hello(client="me@laptop", rights=self._rights)
        life = self._broken
        while True:
            message, payload = connection.receive()
            match message:
                case messages.Open(target=target):
                    self._keep(self.opened, target)
                    cursor = Cursor(GENERATION, len(self._log))
                    connection.send(messages.Opened(session=self.info, cursor=cursor))
                case messages.Attach(after=after):
                    if not self._attach(connection, after or Cursor(GENERATION, 0), life):
                        return
                    continue
                case messages.Prompt():
                    self._prompt(connection, message, payload, life)
                case messages.Decide():
                    self._keep(self.decisions, (message, payload))
                    decided = messages.Decided(
                        approval=message.approval, behavior=message.behavior, by="me@laptop"
                    )
                    connection.send(decided)
                case messages.Control(subtype=subtype):
                    self._control(connection, subtype, payload)
                    continue
                case messages.Interrupt():
                    with self._changed:
                        self.interrupts += 1
                        self._changed.notify_all()
                case _ if not self._about_approvals(connection, message, life):
                    return
            connection.send(messages.Done())

    def _about_approvals(self, connection: Connection, message: messages.Message, life: int) -> bool:
        match message:
            case messages.ListApprovals():
                self._follow_approvals(connection, life)
                return False
            case messages.ShowApproval(approval=approval):
                fact = self.questions[approval]
                connection.send(messages.Approval(approval=self.elsewhere[approval]), facts.encode(fact))
                return True
            case _:
                raise TypeError(f"nobody expected {message!r}")

    def _keep(self, where: list[T], what: T) -> None:
        with self._changed:
            where.append(what)
            self._changed.notify_all()

    def _control(self, connection: Connection, subtype: str, payload: bytes) -> None:
        self._keep(self.controls, (subtype, msgspec.json.decode(payload)))
        answer = self.answers.get(subtype, {})
        if isinstance(answer, RemoteError):
            connection.send(messages.Error(code=answer.code, message=answer.message))
        else:
            connection.send(messages.Answer(), msgspec.json.encode(answer))
            connection.send(messages.Done())

    def _follow_approvals(self, connection: Connection, life: int) -> None:
        """Tell of approvals elsewhere until the client hangs up."""
        connection.send(messages.Approvals(begins=True))
        told = 0
        while not self._closed and self._broken == life:
            with self._changed:
                if len(self._elsewhere) == told:
                    self._changed.wait(1.0)
                news = self._elsewhere[told:]
            for info in news:
                connection.send(messages.Approvals(approvals=(info,)))
            told += len(news)
            if not news:
                connection.send(messages.Heartbeat())

    def _attach(self, connection: Connection, after: Cursor, life: int) -> bool:
        """Follow the log until the client hangs up or the link is cut; False then."""
        connection.seq = after.seq
        told_tail = False
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._closed or self._broken != life or len(self._log) > connection.seq, 1.0
                )
                news = self._log[connection.seq :]
            if self._closed or self._broken != life:
                if self._parting is not None:
                    connection.send(messages.Error(code=self._parting.code, message=self._parting.message))
                return False
            for source, line in news:
                connection.lines(line, source=source)
            if not told_tail:
                connection.send(messages.Tail(cursor=Cursor(GENERATION, connection.seq)))
                told_tail = True
            if not news:
                connection.send(messages.Heartbeat())  # which fails when the client is gone

    def _prompt(self, connection: Connection, message: messages.Prompt, payload: bytes, life: int) -> None:
        if self.refuse_prompts is not None:
            error = self.refuse_prompts
            connection.send(messages.Error(code=error.code, message=error.message))
            raise EOFError
        cursor = Cursor(GENERATION, len(self._log))
        if all(given.id != message.id for given in self.prompts):
            self._keep(self.prompts, Given(message.id, payload.decode()))
        connection.send(messages.Accepted(prompt=message.id, session=self.info, cursor=cursor))
        if self.waiting is not None:
            connection.send(self.waiting)
        connection.seq = cursor.seq
        connection.stream.settimeout(0.05)
        deadline = time.monotonic() + PATIENCE
        while message.id not in self._finished and not self._closed and self._broken == life:
            assert time.monotonic() < deadline
            for source, line in self._log[connection.seq :]:
                connection.lines(line, source=source)
            try:
                interrupt, _ = connection.receive()
            except TimeoutError:
                continue
            assert isinstance(interrupt, messages.Interrupt)
            taken = messages.Finished(prompt=message.id, state=PromptState.VOID, reason="withdrawn")
            self._finished[message.id] = taken
        connection.stream.settimeout(PATIENCE)
        if self._closed or self._broken != life:
            raise EOFError
        for source, line in self._log[connection.seq :]:
            connection.lines(line, source=source)
        connection.send(self._finished[message.id])
