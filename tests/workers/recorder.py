"""Stands where the world is, and takes down what a conversation does to it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import msgspec

from claude_remote import bus, facts, messages
from claude_remote.conversations import Owner
from claude_remote_workers.conversation import Conversation
from claude_remote_workers.transcript import Transcript

SESSION = "00000000-0000-4000-8000-000000000001"


class Recorder:
    """An Outside. `seen` holds facts as they are and everything else as short tuples."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.pipe_is_full = False
        self.trusted: list[str] = []
        self.rivals: dict[str, Owner] = {}
        self._waiting: list[Callable[[], None]] = []

    def take(self) -> list[Any]:
        """What happened since the last call."""
        seen, self.seen = self.seen, []
        return seen

    def pipe_drains(self) -> None:
        """What was written arrives in the pipe."""
        waiting, self._waiting = self._waiting, []
        for written in waiting:
            written()

    def find_rival(self, conversation: str) -> Owner | None:
        return self.rivals.get(conversation)

    def keep(self, line: bytes) -> None:
        message = msgspec.json.decode(line)
        self.seen.append(("line", message.get("subtype") or message.get("type")))

    def record(self, fact: facts.Fact) -> None:
        self.seen.append(fact)

    def write(self, line: bytes, written: Callable[[], None] | None = None) -> None:
        for part in line.splitlines():
            message = msgspec.json.decode(part)
            if message["type"] == "user":
                self.seen.append(("prompt", message["uuid"], message["message"]["content"]))
            elif message["type"] == "control_request":
                request = dict(message["request"])
                self.seen.append(("request", request.pop("subtype"), message["request_id"]))
            else:
                response = message["response"]
                self.seen.append(
                    ("answer", response["request_id"], response.get("response", response.get("error")))
                )
        if written is not None:
            self._waiting.append(written)
            if not self.pipe_is_full:
                self.pipe_drains()

    def reply(self, request: str, payload: bytes, *, ok: bool) -> None:
        self.seen.append(("reply", request, ok, msgspec.json.decode(payload)))

    def end_input(self) -> None:
        self.seen.append("end of input")

    def resolve(self, name: str) -> str:
        return os.path.join("/work", name)  # noqa: PTH118  a name may be absolute

    def trust(self, folder: str) -> None:
        self.trusted.append(folder)

    def interrupt_process(self) -> None:
        self.seen.append("SIGINT")

    def kill(self) -> None:
        self.seen.append("kill")


class Play:
    """A conversation with a recorder around it and a clock that the test moves."""

    def __init__(
        self, transcript: Transcript | None = None, *, ready: bool = True, rules: tuple[str, ...] = ()
    ) -> None:
        self.outside = Recorder()
        self.now = 100.0
        lease = bus.Lease(
            session=SESSION, epoch=3, next=1, claude_session=SESSION, cwd="/home/me/src", rules=rules
        )
        self.conversation = Conversation(self.outside, lease, transcript or Transcript(None), "den")
        self.conversation.started(4711, self.now)
        if ready:
            self.says("control_response", response=answered("claude-remote-initialize"))
            self.seen()

    def seen(self) -> list[Any]:
        return self.outside.take()

    def says(self, type_: str, **fields: Any) -> None:
        """Claude prints a line."""
        self.conversation.read(msgspec.json.encode({"type": type_, **fields}) + b"\n", self.now)

    def state(self, state: str) -> None:
        self.says("system", subtype="session_state_changed", state=state)

    def wait(self, seconds: float) -> None:
        """Time passes, and the conversation is called whenever it wants to be."""
        end = self.now + seconds
        while (deadline := self.conversation.next_deadline) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            self.conversation.tick(self.now)
            if self.conversation.next_deadline == deadline:
                raise AssertionError("a deadline that has passed stays: the loop would spin")
        self.now = end

    def give(self, prompt: str, text: str = "do it", *, again: bool = False, now: bool = False) -> None:
        verb = bus.Give(session=SESSION, epoch=3, prompt=prompt, client="me", again=again, now=now)
        self.conversation.give(verb, text, self.now)

    def decide(self, approval: str, behavior: str, changed: bytes = b"", **more: Any) -> None:
        verb = bus.Verdict(
            session=SESSION, epoch=3, approval=approval, behavior=messages.Behavior(behavior), by="me", **more
        )
        self.conversation.decide(verb, changed)

    def stop(self, prompt: str | None = None) -> None:
        self.conversation.stop(bus.Stop(session=SESSION, epoch=3, prompt=prompt), self.now)

    def release(self, how: Any) -> None:
        self.conversation.release(bus.Release(session=SESSION, epoch=3, how=how), self.now)

    def ask(self, request: str, subtype: str, arguments: bytes = b"") -> None:
        verb = bus.Ask(session=SESSION, epoch=3, request=request, subtype=subtype)
        self.conversation.ask(verb, arguments)

    def asks_for(self, approval: str, tool: str = "Bash", **fields: Any) -> None:
        """Claude wants to use a tool."""
        fields.setdefault("input", {"command": "pytest"})
        request = {"subtype": "can_use_tool", "tool_name": tool, "tool_use_id": f"use-{approval}", **fields}
        self.says("control_request", request_id=approval, request=request)

    def tool_result(self, approval: str, *, error: bool = False) -> None:
        block = {"type": "tool_result", "tool_use_id": f"use-{approval}", "is_error": error, "content": "x"}
        self.says("user", message={"role": "user", "content": [block]})


def answered(request_id: str, **response: Any) -> dict[str, Any]:
    return {"subtype": "success", "request_id": request_id, "response": response}


def names(seen: list[Any]) -> list[Any]:
    """Facts by their class alone."""
    return [type(item) if isinstance(item, facts.Fact) else item for item in seen]
