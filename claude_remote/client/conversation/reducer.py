"""From the events of a session to the items of its conversation.

It is right from any event on, so that a reader may begin in the middle of a log.
"""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET

from claude_remote import facts
from claude_remote.client import events
from claude_remote.client.conversation import frames
from claude_remote.client.conversation.items import Change, Doing, Ended, Note, Question
from claude_remote.client.conversation.questions import Questions
from claude_remote.client.conversation.retries import Retries
from claude_remote.client.conversation.sayings import Sayings
from claude_remote.client.conversation.standing import Standing
from claude_remote.client.conversation.texts import Texts
from claude_remote.client.conversation.tools import Tools
from claude_remote.messages import Behavior

_Level = Literal["info", "warning", "error"]


class Conversation(Standing):
    """What a session looks like after the events that were read.

    Beside the items, which `read` returns as they change, it knows how things stand: the attributes.
    """

    def __init__(self) -> None:
        super().__init__()
        self._count = 0
        self._texts = Texts(self._number)
        self._tools = Tools(self._number)
        self._questions = Questions(self._number)
        self._sayings = Sayings(self._number)
        self._retries = Retries(self._number)

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions that wait, oldest first."""
        return self._questions.waiting

    def read(self, event: events.Event) -> list[Change]:
        """What an event changes."""
        match event:
            case events.Line(raw=raw):
                return self._line(raw)
            case events.Fact(fact=fact):
                return self._fact(fact)
            case events.Decided(approval=approval, behavior=behavior, by=by):
                return self._settle(approval, decision=behavior, by=by)
            case events.Reset():
                lost = self._note("warning", "The server has lost a part of this session.")
                return [*self._texts.begin(""), lost]
            case _:
                return []

    # --- claude's lines ---------------------------------------------------------------------------------

    def _line(self, raw: bytes) -> list[Change]:
        changes: list[Change] = []
        match frames.read(raw):
            case frames.StreamLine(event=event, parent=None):
                changes = self._stream(event)
            case frames.AssistantLine(parent=None) as line:
                changes = self._assistant(line)
            case frames.AssistantLine() as line:
                changes = self._tools.step(line, self.cwd)
            case frames.UserLine(parent=None) as line:
                changes = self._user(line)
            case frames.SystemLine() as line:
                changes = self._system(line)
            case frames.ResultLine(result=str(text)):
                changes = self._result(text)
            case frames.ResponseLine(response=response) if not self.ready:
                self._initialized(frames.read_initialized(response))
        return changes

    def _stream(self, event: frames.StreamEvent) -> list[Change]:
        match event:
            case frames.StreamEvent(type="message_start", message=message):
                return [*self._texts.begin(message.id if message else ""), *self._retries.end()]
            case frames.StreamEvent(type="content_block_start", content_block=frames.Start() as block):
                if block.type == "tool_use":
                    self._do(Doing.TOOL, block.name)
                elif block.type == "thinking":
                    self._do(Doing.THINKING)
            case frames.StreamEvent(type="content_block_delta", delta=frames.Delta() as delta):
                if delta.text:
                    self._do(Doing.WRITING)
                    return [self._texts.more(event.index, "answer", delta.text)]
                if delta.thinking:
                    self._do(Doing.THINKING)
                    return [self._texts.more(event.index, "thinking", delta.thinking)]
        return []

    def _assistant(self, line: frames.AssistantLine) -> list[Change]:
        message = line.message
        changes = [*self._retries.end(), *self._texts.belong_to(message.id)]
        blocks = message.content
        for block in [frames.Block("text", blocks)] if isinstance(blocks, str) else blocks:
            match block.type:
                case "text" if line.error is not None:
                    pass  # the end of the turn says it, with what to do about it
                case "text":
                    output = message.model == "<synthetic>"
                    changes += self._texts.finish("answer", block.text, output=output)
                case "thinking":
                    changes += self._texts.finish("thinking", block.thinking)
                case "tool_use":
                    self._do(Doing.TOOL, block.name)
                    changes.append(self._tools.use(block, self.cwd))
        return changes

    def _user(self, line: frames.UserLine) -> list[Change]:
        content = line.message.content
        changes: list[Change] = []
        texts = [content] if isinstance(content, str) else []
        for block in [] if isinstance(content, str) else content:
            if block.type == "tool_result":
                self._do(Doing.ASKING if self.questions else Doing.REQUESTING)
                changes += self._tools.finish(block, line)
            elif block.text:
                texts.append(block.text)
        return [*changes, *self._sayings.hear("\n".join(texts), line.uuid, replay=line.replay)]

    def _system(self, line: frames.SystemLine) -> list[Change]:
        match line.subtype:
            case "init":
                self._begun(line)
            case "status":
                self._take(line.mode, None)
                if line.status is not UNSET and line.status in _STATUS:
                    self._do(_STATUS[line.status])
            case "api_retry":
                self._do(Doing.RETRYING)
                self._retries.begin()
            case "compact_boundary":
                return [self._note("info", "The conversation was compacted: Claude goes on from a summary.")]
            case "informational" if isinstance(line.content, str) and line.content.strip():
                return [self._note("info", line.content)]
        return []

    def _result(self, text: str) -> list[Change]:
        """What some commands print stands only in the result."""
        if not self.running or self._texts.last or not text.strip():
            return []
        return self._texts.finish("answer", text, output=True)

    # --- facts ------------------------------------------------------------------------------------------

    def _fact(self, fact: facts.AnyFact) -> list[Change]:
        changes: list[Change] = []
        match fact:
            case facts.ClaudeStarted() | facts.ClaudeReady() | facts.ClaudeExited():
                changes = self._claude(fact)
            case facts.TurnStarted():
                changes = self._turn_started(fact)
            case facts.Prompted() | facts.Steered():
                changes = self._prompted(fact)
            case facts.TurnFinished():
                changes = self._turn_finished(fact)
            case facts.ApprovalOpened():
                self._do(Doing.ASKING)
                changes = [self._questions.ask(fact, self._tools.get(fact.tool_use), self.cwd)]
            case facts.ApprovalDelivered():
                changes = self._delivered(fact)
            case facts.ApprovalVoid():
                changes = self._settle(fact.approval, message=fact.reason)
            case facts.SessionChanged():
                self._take(fact.mode, fact.model)
                self.title = fact.title or self.title
            case facts.Notice():
                changes = [self._retries.notice(fact) or self._note(fact.level, fact.text)]
        return changes

    def _claude(self, fact: facts.ClaudeStarted | facts.ClaudeReady | facts.ClaudeExited) -> list[Change]:
        self.ready = isinstance(fact, facts.ClaudeReady)
        if isinstance(fact, facts.ClaudeExited) and not fact.expected:
            return [self._note("error", fact.reason)]
        return []

    def _turn_started(self, fact: facts.TurnStarted) -> list[Change]:
        changes = self._close()
        self.prompt = fact.prompt
        self._do(Doing.REQUESTING if self.ready else Doing.STARTING)
        self._texts.last = ""
        if fact.prompt is not None:
            self._sayings.remember(fact.prompt, fact.client)
        return changes

    def _prompted(self, fact: facts.Prompted | facts.Steered) -> list[Change]:
        if isinstance(fact, facts.Prompted):
            return self._sayings.tell(fact.text, fact.prompt)
        self._sayings.remember(fact.prompt, fact.client)
        return []

    def _turn_finished(self, fact: facts.TurnFinished) -> list[Change]:
        changes: list[Change] = []
        if fact.outcome != "void" or fact.prompt == self.prompt:  # otherwise one that waited was given up
            changes = self._close()
        self.cost += fact.cost
        ended = Ended(
            id=self._number(),
            prompt=fact.prompt,
            outcome=fact.outcome,
            error=fact.error,
            reason=fact.reason,
            cost=fact.cost,
            duration=fact.duration,
        )
        return [*changes, ended]

    def _delivered(self, fact: facts.ApprovalDelivered) -> list[Change]:
        question = self._questions.get(fact.approval)
        changes: list[Change] = []
        if question is not None and fact.behavior is Behavior.DENY:
            changes = self._tools.deny(question.tool_use, fact.message)
        settled = self._settle(
            fact.approval,
            decision=fact.behavior,
            by=f"a rule of {fact.by}" if fact.rule else fact.by,
            message=fact.message,
            for_session=fact.for_session,
        )
        return [*changes, *settled]

    def _settle(
        self,
        approval: str,
        *,
        decision: Behavior | None = None,
        by: str = "",
        message: str = "",
        for_session: bool = False,
    ) -> list[Change]:
        question = self._questions.get(approval)
        settled = self._questions.settle(
            approval, decision=decision, by=by, message=message, for_session=for_session
        )
        if question is not None and not self.questions and self.doing is Doing.ASKING:
            self._do(Doing.TOOL, question.tool)
        return settled

    # --- inside -----------------------------------------------------------------------------------------

    def _number(self) -> int:
        self._count += 1
        return self._count

    def _note(self, level: _Level, text: str) -> Note:
        return Note(id=self._number(), level=level, text=text)

    def _close(self) -> list[Change]:
        """No turn runs: what is open stays as it is."""
        changes = [
            *self._texts.close(),
            *self._tools.close(),
            *self._questions.close(),
            *self._retries.end(),
        ]
        self._rest()
        return changes


_STATUS: dict[str | None, Doing] = {"requesting": Doing.REQUESTING, "compacting": Doing.COMPACTING}
