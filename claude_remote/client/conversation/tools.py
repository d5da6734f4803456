"""The tools that Claude uses, from their use to their result."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from msgspec import structs

from claude_remote.client.conversation import frames
from claude_remote.client.conversation.items import MOST_RESULT, Change, ToolState, ToolUse
from claude_remote.client.conversation.summaries import describe_result, one_line, summarize

_MOST = 1000


class Tools:
    """The tools whose result has not come. `number` numbers a new item."""

    def __init__(self, number: Callable[[], int]) -> None:
        self._number = number
        self._uses: OrderedDict[str, ToolUse] = OrderedDict()

    def get(self, tool_use: str) -> ToolUse | None:
        """A tool in use."""
        return self._uses.get(tool_use)

    def use(self, block: frames.Block, cwd: str) -> Change:
        """Claude uses a tool."""
        given = bytes(block.input)
        use = ToolUse(
            id=self._number(),
            done=False,
            tool_use=block.id,
            tool=block.name,
            summary=summarize(given, cwd),
            input=given,
            state=ToolState.RUNNING,
        )
        self._uses[block.id] = use
        while len(self._uses) > _MOST:
            self._uses.popitem(last=False)
        return use

    def step(self, line: frames.AssistantLine, cwd: str) -> list[Change]:
        """A subagent uses tools: they are steps of the tool that it is."""
        use = self._uses.get(line.parent or "")
        if use is None or isinstance(line.message.content, str):
            return []
        before = use
        for block in line.message.content:
            if block.type == "tool_use":
                step = f"{block.name} {summarize(bytes(block.input), cwd)}"
                use = structs.replace(use, steps=use.steps + 1, step=one_line(step))
        self._uses[use.tool_use] = use
        return [] if use is before else [use]

    def deny(self, tool_use: str, reason: str) -> list[Change]:
        """Somebody does not allow it. Its result follows."""
        use = self._uses.get(tool_use)
        if use is None:
            return []
        use = structs.replace(use, state=ToolState.DENIED, outcome=one_line(reason))
        self._uses[tool_use] = use
        return [use]

    def finish(self, block: frames.Block, line: frames.UserLine) -> list[Change]:
        """The result of a tool."""
        use = self._uses.pop(block.tool_use_id, None)
        if use is None:
            return []
        error = bool(block.is_error)
        details = frames.read_details(line.tool_use_result)
        text = frames.plain(block.content)
        outcome = describe_result(use.tool, text, details, error=error)
        state = use.state
        if state is ToolState.RUNNING:
            state = ToolState.FAILED if error else ToolState.DONE
        return [
            structs.replace(
                use, done=True, state=state, outcome=use.outcome or outcome, result=text[:MOST_RESULT]
            )
        ]

    def close(self) -> list[Change]:
        """The turn has ended: no more results come."""
        changes: list[Change] = [
            structs.replace(
                use, done=True, state=ToolState.STOPPED if use.state is ToolState.RUNNING else use.state
            )
            for use in self._uses.values()
        ]
        self._uses.clear()
        return changes
