"""How things stand in a session, as far as its events tell."""

from __future__ import annotations

from claude_remote.client.conversation import frames
from claude_remote.client.conversation.items import Command, Doing
from claude_remote.client.conversation.summaries import one_line


class Standing:
    """The part of Conversation that is no item: the attributes."""

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

    def _initialized(self, answer: frames.Initialized | None) -> None:
        if answer is not None:
            self.commands = tuple(
                Command(each.name, one_line(each.description), one_line(each.argument))
                for each in answer.commands
            )
            self._take(answer.mode, None)

    def _begun(self, line: frames.SystemLine) -> None:
        self.cwd = line.cwd or self.cwd
        self._take(line.mode, line.model)
        if not self.commands and line.commands:
            self.commands = tuple(Command(name) for name in line.commands)

    def _take(self, mode: str | None, model: str | None) -> None:
        self.mode = mode or self.mode
        self.model = model or self.model

    def _do(self, doing: Doing, detail: str = "") -> None:
        """Claude does something, so a turn runs, even if its beginning was not read."""
        self.running = True
        self.doing, self.detail = doing, detail

    def _rest(self) -> None:
        """No turn runs."""
        self.running, self.prompt = False, None
        self.doing, self.detail = Doing.NOTHING, ""
