"""A conversation for a reader: a session's events go in, what is to be seen comes out. Sans-IO.

Claude sends a text twice: in pieces while it is written, and whole when a block is finished. The whole one is
what counts; the pieces may break off (the connection to the model breaks, and Claude begins anew) or may be
missing altogether. It is right from any event on, so that a reader may begin in the middle of a log.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Literal

from msgspec import UNSET, structs

from claude_remote import facts
from claude_remote.client import events, frames
from claude_remote.client.items import (
    Change,
    Command,
    Doing,
    Ended,
    Gone,
    More,
    Note,
    Question,
    Said,
    ToolState,
    ToolUse,
    Words,
)
from claude_remote.client.summaries import describe_result, one_line, read_input, summarize
from claude_remote.messages import Behavior

_MOST_OPEN = 1000
_LONGEST_SAID = 64 * 1024
_TAGGED = re.compile(r"<command-(name|args)>(.*?)</command-\1>", re.DOTALL)
_OUTPUT = re.compile(
    r"\s*<local-command-(?:stdout|stderr)>(.*?)</local-command-(?:stdout|stderr)>\s*", re.DOTALL
)
_NOT_SAID = ("[Request interrupted by user", "<task-notification>", "<system-reminder>", "Caveat:")


@dataclass
class _Open:
    """A text that is being written."""

    id: int
    kind: Literal["answer", "thinking"]
    pieces: list[str] = field(default_factory=list)


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
        self._message = ""  # the id of the message that is being written
        self._writing: dict[int, _Open] = {}
        self._tools: OrderedDict[str, ToolUse] = OrderedDict()
        self._questions: OrderedDict[str, Question] = OrderedDict()
        self._clients: OrderedDict[str, str] = OrderedDict()
        self._retry: Note | None = None  # the one note for all the retries of a request
        self._retrying = False
        self._answered = ""  # the last text of this turn

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions that wait, oldest first."""
        return tuple(self._questions.values())

    def read(self, event: events.Event) -> list[Change]:
        """What an event changes."""
        match event:
            case events.Line(raw=raw):
                return self._line(raw)
            case events.Fact(fact=fact):
                return self._fact(fact)
            case events.Decided(approval=approval, behavior=behavior, by=by):
                return self._decided(approval, behavior, by)
            case events.Reset():
                return [*self._drop(), self._note("warning", "The server has lost a part of this session.")]
            case _:
                return []

    # --- claude's lines ---------------------------------------------------------------------------------

    def _line(self, raw: bytes) -> list[Change]:
        match frames.read(raw):
            case frames.StreamLine(event=event, parent=None):
                return self._stream(event)
            case frames.AssistantLine() as line if line.parent is not None:
                return self._subagent(line)
            case frames.AssistantLine() as line:
                return self._assistant(line)
            case frames.UserLine() as line:
                return self._user(line)
            case frames.SystemLine() as line:
                return self._system(line)
            case frames.ResultLine(result=str(text)):
                return self._result(text)
            case frames.ResponseLine(response=response) if not self.ready:
                self._initialized(frames.read_initialized(response))
        return []

    def _stream(self, event: frames.StreamEvent) -> list[Change]:
        match event.type:
            case "message_start":
                changes = [*self._drop(), *self._recovered()]
                self._message = event.message.id if event.message else ""
                return changes
            case "content_block_start" if event.content_block is not None:
                self._begun(event.content_block)
            case "content_block_delta" if event.delta is not None:
                if event.delta.text:
                    return self._more(event.index, "answer", event.delta.text)
                if event.delta.thinking:
                    return self._more(event.index, "thinking", event.delta.thinking)
        return []

    def _begun(self, block: frames.Start) -> None:
        if block.type == "tool_use":
            self.doing, self.detail = Doing.TOOL, block.name
        elif block.type == "thinking":
            self.doing = Doing.THINKING

    def _more(self, index: int, kind: Literal["answer", "thinking"], text: str) -> list[Change]:
        self.running = True
        self.doing = Doing.WRITING if kind == "answer" else Doing.THINKING
        writing = self._writing.get(index)
        if writing is None or writing.kind != kind:
            writing = self._writing[index] = _Open(self._next(), kind)
            writing.pieces.append(text)
            return [Words(id=writing.id, kind=kind, text=text, done=False)]
        writing.pieces.append(text)
        return [More(writing.id, text)]

    def _assistant(self, line: frames.MessageLine) -> list[Change]:
        message = line.message
        changes = self._recovered()
        if message.id != self._message:
            changes += self._drop()
            self._message = message.id
        blocks = message.content
        if isinstance(blocks, str):
            blocks = [frames.Block("text", blocks)]
        for block in blocks:
            match block.type:
                case "text" if line.error is not None:
                    pass  # the end of the turn says it, with what to do about it
                case "text":
                    changes += self._finish("answer", block.text, output=message.model == "<synthetic>")
                case "thinking":
                    changes += self._finish("thinking", block.thinking)
                case "tool_use":
                    changes.append(self._use(block))
        return changes

    def _finish(
        self, kind: Literal["answer", "thinking"], text: str, *, output: bool = False
    ) -> list[Change]:
        """A block is whole. The pieces of it that were shown keep their number."""
        index = next((index for index, each in self._writing.items() if each.kind == kind), None)
        number = None if index is None else self._writing.pop(index).id
        if not text.strip():
            return [] if number is None else [Gone(number)]
        if kind == "answer":
            self._answered = text
        number = self._next() if number is None else number
        return [Words(id=number, kind="output" if output else kind, text=text)]

    def _use(self, block: frames.Block) -> ToolUse:
        self.running = True
        self.doing, self.detail = Doing.TOOL, block.name
        given = bytes(block.input)
        use = ToolUse(
            id=self._next(),
            done=False,
            tool_use=block.id,
            tool=block.name,
            summary=summarize(given, self.cwd),
            input=given,
            state=ToolState.RUNNING,
        )
        self._tools[block.id] = use
        while len(self._tools) > _MOST_OPEN:
            self._tools.popitem(last=False)
        return use

    def _subagent(self, line: frames.MessageLine) -> list[Change]:
        """A subagent's tools count as steps of the tool that it is."""
        use = self._tools.get(line.parent or "")
        if use is None or isinstance(line.message.content, str):
            return []
        for block in line.message.content:
            if block.type == "tool_use":
                step = f"{block.name} {summarize(bytes(block.input), self.cwd)}"
                use = structs.replace(use, steps=use.steps + 1, step=one_line(step))
        if use is self._tools[use.tool_use]:
            return []
        self._tools[use.tool_use] = use
        return [use]

    def _user(self, line: frames.MessageLine) -> list[Change]:
        content = line.message.content
        if line.parent is not None:
            return []
        if isinstance(content, list) and any(block.type == "tool_result" for block in content):
            return [
                change
                for block in content
                if block.type == "tool_result"
                for change in self._tool_result(block, line)
            ]
        text = (
            content if isinstance(content, str) else "\n".join(block.text for block in content if block.text)
        )
        if output := _OUTPUT.fullmatch(text):
            shown = output[1].strip("\n")
            return [Words(id=self._next(), kind="output", text=shown)] if shown.strip() else []
        if line.replay and not text.startswith(_NOT_SAID):
            return [self._said(text, line.uuid)]
        return []

    def _said(self, text: str, prompt: str | None) -> Said:
        tags = dict(_TAGGED.findall(text))
        if "name" in tags:
            text = f"{tags['name']} {tags.get('args', '')}"
        client = self._clients.get(prompt or "", "")
        return Said(id=self._next(), text=text.strip()[:_LONGEST_SAID], prompt=prompt, client=client)

    def _tool_result(self, block: frames.Block, line: frames.MessageLine) -> list[Change]:
        use = self._tools.pop(block.tool_use_id, None)
        if use is None:
            return []
        self.doing = Doing.REQUESTING
        error = bool(block.is_error)
        text = frames.plain(block.content)
        outcome = describe_result(use.tool, text, frames.read_details(line.tool_use_result), error=error)
        state = use.state
        if state is ToolState.RUNNING:
            state = ToolState.FAILED if error else ToolState.DONE
        return [structs.replace(use, done=True, state=state, outcome=use.outcome or outcome)]

    def _system(self, line: frames.SystemLine) -> list[Change]:
        match line.subtype:
            case "init":
                self.cwd = line.cwd or self.cwd
                self._take(line.mode, line.model)
                if not self.commands and line.commands:
                    self.commands = tuple(Command(name) for name in line.commands)
            case "status":
                self._take(line.mode, None)
                if line.status is not UNSET:
                    self._status(line.status)
            case "api_retry":
                self.doing = Doing.RETRYING
                self._retrying = True
            case "compact_boundary":
                return [self._note("info", "The conversation was compacted: Claude goes on from a summary.")]
            case "informational" if isinstance(line.content, str) and line.content.strip():
                return [self._note("info", line.content)]
        return []

    def _status(self, status: str | None) -> None:
        if status == "requesting":
            self.doing = Doing.REQUESTING
        elif status == "compacting":
            self.doing = Doing.COMPACTING

    def _take(self, mode: str | None, model: str | None) -> None:
        self.mode = mode or self.mode
        self.model = model or self.model

    def _result(self, text: str) -> list[Change]:
        """What some commands print stands only in the result."""
        whole = text.strip()
        if not whole or self._answered or not self.running:
            return []
        self._answered = text
        return [Words(id=self._next(), kind="output", text=text)]

    def _initialized(self, answer: frames.Initialized | None) -> None:
        if answer is not None:
            self.commands = tuple(
                Command(each.name, one_line(each.description), one_line(each.argument))
                for each in answer.commands
            )
            self._take(answer.mode, None)

    # --- facts ------------------------------------------------------------------------------------------

    def _fact(self, fact: facts.AnyFact) -> list[Change]:
        match fact:
            case facts.ClaudeStarted():
                self.ready = False
                self.doing = Doing.STARTING if self.running else self.doing
            case facts.ClaudeReady():
                self.ready = True
            case facts.ClaudeExited():
                return self._exited(fact)
            case facts.TurnStarted():
                return self._turn_started(fact)
            case facts.TurnFinished():
                return self._turn_finished(fact)
            case facts.ApprovalOpened():
                return [self._asked(fact)]
            case facts.ApprovalDelivered():
                return self._delivered(fact)
            case facts.ApprovalVoid():
                return self._settle(fact.approval, message=fact.reason)
            case facts.SessionChanged():
                self._take(fact.mode, fact.model)
                self.title = fact.title or self.title
            case facts.Notice():
                return [self._noticed(fact)]
        return []

    def _exited(self, fact: facts.ClaudeExited) -> list[Change]:
        self.ready = False
        self.doing = Doing.NOTHING
        return [] if fact.expected else [self._note("error", fact.reason)]

    def _turn_started(self, fact: facts.TurnStarted) -> list[Change]:
        changes = self._close()
        self.running = True
        self.prompt = fact.prompt
        self.doing = Doing.REQUESTING if self.ready else Doing.STARTING
        self._answered = ""
        if fact.prompt is not None:
            self._clients[fact.prompt] = fact.client
            while len(self._clients) > _MOST_OPEN:
                self._clients.popitem(last=False)
        return changes

    def _turn_finished(self, fact: facts.TurnFinished) -> list[Change]:
        changes: list[Change] = []
        if fact.outcome != "void" or fact.prompt == self.prompt:  # otherwise one that waited was given up
            changes = self._close()
            self.running = False
            self.prompt = None
        self.cost += fact.cost
        ended = Ended(
            id=self._next(),
            prompt=fact.prompt,
            outcome=fact.outcome,
            error=fact.error,
            reason=fact.reason,
            cost=fact.cost,
            duration=fact.duration,
        )
        return [*changes, ended]

    def _asked(self, fact: facts.ApprovalOpened) -> Question:
        self.doing = Doing.ASKING
        given = bytes(fact.input)
        use = self._tools.get(fact.tool_use)
        plan = summarized = ""
        if fact.tool == "ExitPlanMode":
            plan = _plan(given) or (_plan(use.input) if use else "")
        else:
            summarized = summarize(given, self.cwd)
        question = Question(
            id=self._next(),
            done=False,
            approval=fact.approval,
            tool=fact.tool,
            input=given,
            summary=summarized or fact.summary,
            tool_use=fact.tool_use,
            description=fact.description,
            reason=fact.reason,
            agent=fact.agent,
            plan=plan,
            may_remember=bytes(fact.suggestions).strip() not in (b"[]", b"null", b""),
        )
        self._questions[fact.approval] = question
        while len(self._questions) > _MOST_OPEN:
            self._questions.popitem(last=False)
        return question

    def _delivered(self, fact: facts.ApprovalDelivered) -> list[Change]:
        changes: list[Change] = []
        question = self._questions.get(fact.approval)
        use = self._tools.get(question.tool_use) if question else None
        if use is not None and fact.behavior is Behavior.DENY:
            use = structs.replace(use, state=ToolState.DENIED, outcome=one_line(fact.message))
            self._tools[use.tool_use] = use
            changes.append(use)
        settled = self._settle(
            fact.approval,
            decision=fact.behavior,
            by=fact.by,
            message=fact.message,
            for_session=fact.for_session,
        )
        return [*changes, *settled]

    def _decided(self, approval: str, behavior: Behavior, by: str) -> list[Change]:
        return self._settle(approval, decision=behavior, by=by)

    def _settle(
        self,
        approval: str,
        *,
        decision: Behavior | None = None,
        by: str = "",
        message: str = "",
        for_session: bool = False,
    ) -> list[Change]:
        question = self._questions.pop(approval, None)
        if question is None:
            return []
        if not self._questions and self.doing is Doing.ASKING:
            self.doing, self.detail = Doing.TOOL, question.tool
        return [
            structs.replace(
                question, done=True, decision=decision, by=by, message=message, for_session=for_session
            )
        ]

    def _noticed(self, fact: facts.Notice) -> Note:
        if not self._retrying:
            return self._note(fact.level, fact.text)
        # The last of a request's retries is what is true.
        self._retrying = False
        number = self._next() if self._retry is None else self._retry.id
        self._retry = Note(id=number, level=fact.level, text=fact.text, done=False)
        return self._retry

    def _recovered(self) -> list[Change]:
        note, self._retry = self._retry, None
        self._retrying = False
        return [] if note is None else [structs.replace(note, done=True)]

    # --- inside -----------------------------------------------------------------------------------------

    def _next(self) -> int:
        self._count += 1
        return self._count

    def _note(self, level: Literal["info", "warning", "error"], text: str) -> Note:
        return Note(id=self._next(), level=level, text=text)

    def _drop(self) -> list[Change]:
        """What is being written does not hold."""
        gone: list[Change] = [Gone(each.id) for each in self._writing.values()]
        self._writing.clear()
        return gone

    def _close(self) -> list[Change]:
        """No turn runs: what is open stays as it is."""
        changes: list[Change] = [
            Words(id=each.id, kind=each.kind, text="".join(each.pieces)) for each in self._writing.values()
        ]
        self._writing.clear()
        changes += [
            structs.replace(
                use, done=True, state=ToolState.STOPPED if use.state is ToolState.RUNNING else use.state
            )
            for use in self._tools.values()
        ]
        self._tools.clear()
        for approval in list(self._questions):
            changes += self._settle(approval, message="The turn has ended.")
        changes += self._recovered()
        self._message = ""
        self.doing, self.detail = Doing.NOTHING, ""
        return changes


def _plan(given: bytes) -> str:
    plan = read_input(given).get("plan")
    return plan if isinstance(plan, str) else ""
