"""Records sessions of the real claude against the scripted model: its lines, with a worker's facts between.

    python -m tests.claude_remote.client.record

writes tests/claude_remote/client/recorded/*.jsonl anew. Folders are written as if under /home/me.
"""

from __future__ import annotations

import json
import queue
import subprocess
import tempfile
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from claude_remote import facts
from claude_remote.messages import Behavior
from claude_remote_workers.command import ALWAYS
from tests.fakes.messages_api import (
    Gate,
    ScriptedApi,
    bash,
    claude_environment,
    claude_program,
    cut,
    failure,
    reply,
    text,
    tool,
)

RECORDED = Path(__file__).parent / "recorded"
_PATIENCE = 60.0


class Session:
    """A claude, and the log that a worker would keep of it."""

    def __init__(self, api: ScriptedApi, home: Path) -> None:
        self.api = api
        self.cwd = home / "src" / "api"
        self.log: list[bytes] = []
        self._home = home
        self._lines: queue.Queue[dict[str, Any]] = queue.Queue()
        self._prompt = ""
        (self.cwd / ".claude" / "commands").mkdir(parents=True)
        (self.cwd / ".claude" / "commands" / "ship.md").write_text(
            "---\ndescription: Ship it\nargument-hint: [where]\n---\nShip to $ARGUMENTS\n"
        )
        (self.cwd / "circle.py").write_text("def area(r):\n    return 3 * r * r\n")
        environment = claude_environment(api, home) | {"CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS": "1"}
        self._process = subprocess.Popen(
            [claude_program(), *ALWAYS, "--session-id", str(uuid.uuid4())],
            env=environment,
            cwd=self.cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        threading.Thread(target=self._read, daemon=True).start()
        self._send({"type": "control_request", "request_id": "i", "request": {"subtype": "initialize"}})
        self.until(lambda line: line["type"] == "control_response")
        self.fact(facts.ClaudeReady(version="2.1.330"))

    def fact(self, fact: facts.Fact) -> None:
        self.log.append(facts.encode(fact))

    def begin(self, words: str) -> None:
        self._prompt = str(uuid.uuid4())
        self.fact(facts.TurnStarted(prompt=self._prompt, client="me@laptop"))
        message = {"role": "user", "content": words}
        self._send({"type": "user", "message": message, "uuid": self._prompt})

    def end(self) -> None:
        result = self.until(lambda line: line["type"] == "result")
        self.until(lambda line: line.get("state") == "idle")
        aborted = str(result.get("terminal_reason")).startswith("aborted")
        self.fact(
            facts.TurnFinished(
                prompt=self._prompt,
                outcome="interrupted" if aborted else "done",
                error=bool(result["is_error"]) and not aborted,
                reason="The turn was stopped." if aborted else "",
                cost=0.01,
                duration=1.5,
            )
        )

    def turn(self, words: str) -> None:
        self.begin(words)
        self.end()

    def asked(self) -> dict[str, Any]:
        question = self.until(lambda line: line["type"] == "control_request")
        request = question["request"]
        self.fact(
            facts.ApprovalOpened(
                approval=question["request_id"],
                tool=request["tool_name"],
                input=facts.Raw(json.dumps(request["input"]).encode()),
                summary=f"{request['tool_name']}: {next(iter(request['input'].values()), '')}"[:200],
                tool_use=request["tool_use_id"],
                suggestions=facts.Raw(json.dumps(request.get("permission_suggestions", [])).encode()),
            )
        )
        return question

    def allow(self, question: dict[str, Any], given: dict[str, Any] | None = None) -> None:
        self._decide(question, {"behavior": "allow", "updatedInput": given or question["request"]["input"]})

    def deny(self, question: dict[str, Any], words: str) -> None:
        self._decide(question, {"behavior": "deny", "message": words})

    def _decide(self, question: dict[str, Any], response: dict[str, Any]) -> None:
        identity = question["request_id"]
        self.fact(
            facts.ApprovalDelivered(
                approval=identity,
                behavior=Behavior(response["behavior"]),
                by="me@laptop",
                message=response.get("message", ""),
            )
        )
        answer = {"subtype": "success", "request_id": identity, "response": response}
        self._send({"type": "control_response", "response": answer})

    def interrupt(self) -> None:
        self._send({"type": "control_request", "request_id": "s", "request": {"subtype": "interrupt"}})

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while not wanted(line := self._lines.get(timeout=_PATIENCE)):
            pass
        return line

    def save(self, name: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(_PATIENCE)
        whole = b"".join(self.log)
        for found, written in (
            (str(self._home), "/home/me"),
            (str(self._home).replace("/", "-"), "-home-me"),
        ):
            whole = whole.replace(found.encode(), written.encode())
        RECORDED.mkdir(exist_ok=True)
        (RECORDED / f"{name}.jsonl").write_bytes(whole)

    def _send(self, line: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line).encode() + b"\n")
        self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.log.append(line)
            self._lines.put(json.loads(line))


def record(name: str, play: Callable[[Session], None]) -> None:
    """Play one session and keep its log."""
    with tempfile.TemporaryDirectory() as home, ScriptedApi() as api:
        session = Session(api, Path(home))
        play(session)
        session.save(name)


ANSWER = """\
# Two ways

There are *two* ways:

1. **First**, `sort` it.
2. Then search.

```python
def f(x):
    return x + 1
```

| a | b |
|---|---|
| 1 | two |

That is all.
"""


def conversation(session: Session) -> None:
    """Two turns of text."""
    session.api.reply(text(ANSWER, chunks=40), text("The same, in short.", chunks=3))
    session.turn("explain")
    session.turn("shorter")


def tools(session: Session) -> None:
    """Tools that need nobody, one allowed, one denied, one that fails."""
    session.api.reply(
        reply(
            "I look first.", tool("Read", file_path=f"{session.cwd}/circle.py"), tool("Bash", command="ls")
        ),
        bash("echo one >> log.txt; echo two; echo three", "Make a log"),
        reply(
            "Now I fix it.",
            tool("Edit", file_path=f"{session.cwd}/circle.py", old_string="3 * r", new_string="3.14 * r"),
        ),
        reply(tool("Write", file_path=f"{session.cwd}/other.py", content="print('x')\n")),
        reply(tool("Read", file_path="/home/me/nowhere.txt")),
        text("Done, except for the last."),
    )
    session.begin("fix it")
    session.allow(session.asked())
    session.allow(session.asked())
    session.deny(session.asked(), "not that file")
    session.allow(session.asked())
    session.end()


def interrupted(session: Session) -> None:
    """Stopped while the text comes."""
    gate = Gate()
    session.api.reply(text("One two three four five six.", chunks=6, gate=gate, gate_after=3))
    session.begin("count")
    session.until(lambda line: "ree f" in json.dumps(line))  # the third piece
    session.interrupt()
    session.end()


def broken(session: Session) -> None:
    """The connection to the model breaks in the middle, and the API is overloaded once."""
    gate = Gate()
    session.api.reply(cut("Half of it", gate=gate), failure(529, retry_after=0), text("The whole answer."))
    session.begin("answer")
    session.until(lambda line: line["type"] == "stream_event" and "Hal" in json.dumps(line))
    gate.open()
    session.end()


def questions(session: Session) -> None:
    """AskUserQuestion, and a plan that is first refused and then taken."""
    colours = [{"label": "Red", "description": "warm"}, {"label": "Blue", "description": "cold"}]
    asking = [{"question": "Which colour?", "header": "Colour", "options": colours, "multiSelect": False}]
    session.api.reply(
        reply(tool("AskUserQuestion", questions=asking)),
        reply("I plan.", tool("EnterPlanMode")),
        reply(tool("ExitPlanMode", plan="1. Paint it.\n2. Dry it.")),
        reply(tool("ExitPlanMode", plan="1. Paint it twice.")),
        text("It is painted."),
    )
    session.begin("paint")
    question = session.asked()
    session.allow(question, {**question["request"]["input"], "answers": {"Which colour?": "Blue"}})
    session.deny(session.asked(), "twice, please")
    session.allow(session.asked())
    session.end()


def commands(session: Session) -> None:
    """Slash commands: one that prints, one of the folder's own, one that empties the conversation."""
    session.api.reply(text("Shipped."))
    session.turn("/cost")
    session.turn("/ship home")
    session.turn("/clear")
    session.turn("/permissions")


def subagent(session: Session) -> None:
    """A subagent that uses a tool."""
    session.api.on("look around", bash("ls"), text("There is one file."))
    agent = tool("Task", description="Look around", prompt="look around", subagent_type="general-purpose")
    session.api.on("use an agent", reply(agent), text("It looks around."), text("One file, says the agent."))
    session.turn("use an agent")


def main() -> None:
    """Record everything."""
    for play in (conversation, tools, interrupted, broken, questions, commands, subagent):
        record(play.__name__, play)
        print(play.__name__)


if __name__ == "__main__":
    main()
