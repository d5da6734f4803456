"""From the events of a session to the items of its conversation.

It is right from any event on, so that a reader may begin in the middle of a log.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Literal

from msgspec import UNSET, structs

from claude_remote import facts
from claude_remote.client import events
from claude_remote.client.conversation import frames
from claude_remote.client.conversation.items import (
    Change,
    Command,
    Doing,
    Ended,
    Note,
    Question,
    Said,
    Words,
)
from claude_remote.client.conversation.questions import Questions
from claude_remote.client.conversation.summaries import one_line
from claude_remote.client.conversation.texts import Texts
from claude_remote.client.conversation.tools import Tools
from claude_remote.messages import Behavior

_MOST_CLIENTS = 1000
_LONGEST_SAID = 64 * 1024
_TAGGED = re.compile(r"<command-(name|args)>(.*?)</command-\1>", re.DOTALL)
_OUTPUT = re.compile(r"\s*<local-command-std(?:out|err)>(.*?)</local-command-std(?:out|err)>\s*", re.DOTALL)
# What claude puts into the conversation itself, in the user's place.
_NOT_SAID = ("[Request interrupted by user", "<task-notification>", "<system-reminder>", "Caveat:")

_Level = Literal["info", "warning", "error"]


class Conversation:
    """What a session looks like after the events that were read.

    Beside the items, which `read` returns as they change, it knows how things stand: the attributes.
    """

    def __init__(self) -> None:
        self.mode = ""
        self.model = ""
        self.title = ""
        self.cwd = ""
        self.commands: tuple[Command, ...] = ()
        self.ready = False  # claude runs and listens
        self.running = False  # a turn runs
        self.prompt: str | None = None  # whose prompt it is, if it is somebody's
        self.cost = 0.0  # US dollars, of the turns that were read
        self.doing = Doing.NOTHING
        self.detail = ""  # the tool that is used
        self._count = 0
        self._texts = Texts(self._number)
        self._tools = Tools(self._number)
        self._questions = Questions(self._number)
        self._clients: OrderedDict[str, str] = OrderedDict()  # who gave which prompt
        self._retry: Note | None = None  # the one note for all the retries of a request
        self._retrying = False

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
                return [*self._texts.begin(message.id if message else ""), *self._recovered()]
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
        changes = [*self._recovered(), *self._texts.belong_to(message.id)]
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
        text = "\n".join(texts)
        if output := _OUTPUT.fullmatch(text):
            if output[1].strip():
                changes.append(Words(id=self._number(), kind="output", text=output[1].strip("\n")))
        elif text and line.replay and not text.startswith(_NOT_SAID):
            changes.append(self._said(text, line.uuid))
        return changes

    def _said(self, text: str, prompt: str | None) -> Said:
        tags = dict(_TAGGED.findall(text))
        if "name" in tags:
            text = f"{tags['name']} {tags.get('args', '')}"
        client = self._clients.get(prompt or "", "")
        return Said(id=self._number(), text=text.strip()[:_LONGEST_SAID], prompt=prompt, client=client)

    def _system(self, line: frames.SystemLine) -> list[Change]:
        match line.subtype:
            case "init":
                self.cwd = line.cwd or self.cwd
                self._take(line.mode, line.model)
                if not self.commands and line.commands:
                    self.commands = tuple(Command(name) for name in line.commands)
            case "status":
                self._take(line.mode, None)
                if line.status is not UNSET and line.status in _STATUS:
                    self._do(_STATUS[line.status])
            case "api_retry":
                self._do(Doing.RETRYING)
                self._retrying = True
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

    def _initialized(self, answer: frames.Initialized | None) -> None:
        if answer is not None:
            self.commands = tuple(
                Command(each.name, one_line(each.description), one_line(each.argument))
                for each in answer.commands
            )
            self._take(answer.mode, None)

    # --- facts ------------------------------------------------------------------------------------------

    def _fact(self, fact: facts.AnyFact) -> list[Change]:
        changes: list[Change] = []
        match fact:
            case facts.ClaudeStarted() | facts.ClaudeReady() | facts.ClaudeExited():
                changes = self._claude(fact)
            case facts.TurnStarted():
                changes = self._turn_started(fact)
            case facts.Steered(prompt=prompt, client=client):
                self._remember(prompt, client)
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
                changes = [self._noticed(fact)]
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
            self._remember(fact.prompt, fact.client)
        return changes

    def _remember(self, prompt: str, client: str) -> None:
        self._clients[prompt] = client
        while len(self._clients) > _MOST_CLIENTS:
            self._clients.popitem(last=False)

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

    def _noticed(self, fact: facts.Notice) -> Note:
        if not self._retrying:
            return self._note(fact.level, fact.text)
        # The last of a request's retries is what is true.
        self._retrying = False
        number = self._number() if self._retry is None else self._retry.id
        self._retry = Note(id=number, level=fact.level, text=fact.text, done=False)
        return self._retry

    def _recovered(self) -> list[Change]:
        note, self._retry = self._retry, None
        self._retrying = False
        return [] if note is None else [structs.replace(note, done=True)]

    # --- inside -----------------------------------------------------------------------------------------

    def _number(self) -> int:
        self._count += 1
        return self._count

    def _note(self, level: _Level, text: str) -> Note:
        return Note(id=self._number(), level=level, text=text)

    def _take(self, mode: str | None, model: str | None) -> None:
        self.mode = mode or self.mode
        self.model = model or self.model

    def _do(self, doing: Doing, detail: str = "") -> None:
        """Claude does something, so a turn runs, even if its beginning was not read."""
        self.running = True
        self.doing, self.detail = doing, detail

    def _close(self) -> list[Change]:
        """No turn runs: what is open stays as it is."""
        changes = [
            *self._texts.close(),
            *self._tools.close(),
            *self._questions.close(),
            *self._recovered(),
        ]
        self.running, self.prompt = False, None
        self.doing, self.detail = Doing.NOTHING, ""
        return changes


_STATUS: dict[str | None, Doing] = {"requesting": Doing.REQUESTING, "compacting": Doing.COMPACTING}
