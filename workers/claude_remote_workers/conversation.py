"""One lease as a state machine: verbs of the broker and lines of claude go in, facts and lines come out.

It does no IO and has no clock: everything it does goes through an Outside, and time comes with each call.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import msgspec

from claude_remote import bus, facts
from claude_remote.conversations import Owner
from claude_remote_workers import stream_json
from claude_remote_workers.approvals import Approvals
from claude_remote_workers.asking import Asking
from claude_remote_workers.background import Background
from claude_remote_workers.ending import Ending
from claude_remote_workers.outside import Outside
from claude_remote_workers.startup import Startup, text_in
from claude_remote_workers.strange import Strange
from claude_remote_workers.transcript import Transcript
from claude_remote_workers.trusting import Trusting
from claude_remote_workers.turns import Turns
from claude_remote_workers.words import describe_exit, describe_retry, describe_rival
from claude_remote_workers.yielding import Yielding

_REMEMBERED = 1000
_Level: TypeAlias = Literal["info", "warning", "error"]


class Conversation:
    """Everything about one claude that is not a pipe or a socket."""

    def __init__(self, outside: Outside, lease: bus.Lease, transcript: Transcript, host: str) -> None:
        self._outside = outside
        self._lease = lease
        self._transcript = transcript
        self._host = host
        cost = transcript.cost() if transcript.exists else 0.0
        self.turns = Turns(outside, host, cost, self._idle)
        self.approvals = Approvals(outside, lease.cwd)
        self.ending = Ending(outside, self.turns)
        self._asking = Asking(outside)
        self._trusting = Trusting(outside, lease.cwd, resumed=transcript.exists)
        self.turns.before_end = self.approvals.turn_ended
        self._prompts: OrderedDict[str, None] = OrderedDict()
        self._decisions: OrderedDict[str, None] = OrderedDict()
        self._now: dict[str, str] = {"claude_session": lease.claude_session, "cwd": lease.cwd}
        self._startup = Startup(outside)
        self._yielding = Yielding(outside, self.turns, self.ending, lambda: self._now["claude_session"])
        self.turns.may_begin = self._may_begin
        self._strange = Strange(outside)
        self._background = Background(outside)
        self._over = False
        self._stray_result: stream_json.Result | None = None
        self._acts: dict[type[msgspec.Struct], Callable[[Any, float], None]] = {
            stream_json.System: self._system,
            stream_json.User: self._user,
            stream_json.Lifecycle: self._lifecycle,
            stream_json.ControlRequest: self._requested,
            stream_json.ControlCancel: self._cancelled,
            stream_json.ControlResponse: self._answered,
            stream_json.Result: self._ended_turn,
        }

    @property
    def prompts(self) -> tuple[str, ...]:
        """The prompts it was given, the last of them when they are many."""
        return tuple(self._prompts)

    @property
    def decisions(self) -> tuple[str, ...]:
        """The approvals whose decision it was given, the last of them when they are many."""
        return tuple(self._decisions)

    @property
    def over(self) -> bool:
        """Whether claude has ended."""
        return self._over

    # --- claude's life ---

    def started(self, pid: int, now: float) -> None:
        """Claude runs."""
        self._outside.record(
            facts.ClaudeStarted(
                pid=pid, claude_session=self._lease.claude_session, resumed=self._transcript.exists
            )
        )
        self._startup.begin(now, self._lease.rules)

    def could_not_start(self, reason: str, now: float) -> None:
        """Claude cannot be run at all."""
        self._end(None, reason, "", now)

    def belongs_to(self, rival: Owner, now: float) -> None:
        """Somebody else has the conversation open: claude is not started."""
        self._end(None, describe_rival(rival), "", now, refused=True)

    def ended(self, code: int | None, stderr: str, now: float) -> None:
        """Claude is no more, and everything it said has been read."""
        self._end(code, "", stderr, now)

    # --- verbs ---

    def give(self, verb: bus.Give, text: str, now: float) -> None:
        """A prompt."""
        if self._over or self.ending.begun or not _remember(self._prompts, verb.prompt):
            return
        if verb.again and self._transcript.has_prompt(verb.prompt):
            self._outside.record(
                facts.TurnFinished(
                    prompt=verb.prompt,
                    outcome="interrupted",
                    error=True,
                    reason="The claude that was given this prompt has died; it may have had effects, "
                    "so it was not run again.",
                )
            )
            return
        if verb.now:
            self.turns.steer(verb.prompt, verb.client, text, now)
        else:
            self.turns.give(verb.prompt, verb.client, text, now)

    def decide(self, verb: bus.Verdict, changed_input: bytes) -> None:
        """A decision."""
        try:
            changed = stream_json.read_object(changed_input) if changed_input else None
        except ValueError as error:
            self._notice("error", f"A decision of {verb.by} was not applied, for its changed input: {error}.")
            return
        if not self._over and _remember(self._decisions, verb.approval):
            self.approvals.decide(verb, changed)

    def stop(self, verb: bus.Stop, now: float) -> None:
        """End the turn."""
        if not self._over:
            self.turns.stop(verb.prompt, now)

    def ask(self, verb: bus.Ask, arguments: bytes) -> None:
        """A control request of somebody's."""
        if self._over:
            self._outside.reply(verb.request, b'{"error":"claude has ended"}', ok=False)
        elif verb.subtype == "trust_folder":
            self._trusting.trust(verb.request)
        else:
            self._asking.ask(verb.request, verb.subtype, arguments)

    def release(self, verb: bus.Release, now: float) -> None:
        """End claude."""
        if not self._over:
            self.turns.leaving = True
            self.turns.why_leaving = verb.reason
            self.ending.begin(verb.how, now)

    # --- claude's lines ---

    def read(self, line: bytes, now: float) -> None:
        """One line of claude's, with its newline. What is no JSON object becomes a Notice instead."""
        if not line.strip():
            return
        try:
            message = stream_json.read(line)
        except (msgspec.ValidationError, RecursionError) as error:
            self._strange.take_unknown(line, error)
            return
        except msgspec.DecodeError:
            self._strange.take_rubbish(line)
            return
        if isinstance(message, stream_json.ControlResponse) and self._asking.is_answer(message.response):
            self._asked(message.response)
            return
        self._look_for_steering(message, now)
        if message is None and (plan := stream_json.find_plan(line)) is not None:
            self.approvals.planned(*plan)
        self._outside.keep(line)
        act = None if message is None else self._acts.get(type(message))
        if act is not None:
            act(message, now)

    def complained(self, stderr: str) -> None:
        """Claude wrote to its standard error; this is the end of it."""
        self._trusting.look(stderr)

    def left_out(self, size: int) -> None:
        """A line was too long to be carried."""
        self._notice("warning", f"claude printed a line of {size // 2**20} MiB; it was left out.")

    # --- time ---

    @property
    def next_deadline(self) -> float | None:
        """When tick() has something to do."""
        if self._over:
            return None
        times = (self._startup.next_deadline, self.turns.next_deadline, self.ending.next_deadline)
        return min((time for time in times if time is not None), default=None)

    def tick(self, now: float) -> None:
        """Act on what did not happen in time."""
        if not self._over:
            self._startup.tick(now)
            self.turns.tick(now)
            self.ending.tick(now)

    # --- inside ---

    def _system(self, system: stream_json.System, now: float) -> None:
        match system.subtype:
            case "session_state_changed":
                self.turns.state_changed(system.state or "", now)
            case "init":
                self._changed(
                    claude_session=system.session_id,
                    model=system.model,
                    mode=system.mode,
                    cwd=system.cwd if self._lease.worktree and not self._transcript.exists else None,
                )
            case "status":
                self._changed(mode=system.mode)
            case "session_title_changed":
                self._changed(title=system.title)
            case "api_retry":
                self.turns.retried(system)
                level: _Level = "error" if system.error_status in (401, 403) else "warning"
                self._notice(level, describe_retry(system, self._host))
            case _:
                self._background.heard(system)

    def _look_for_steering(self, message: msgspec.Struct | None, now: float) -> None:
        """What a prompt begins stands before its echo in the log, as it does for every other prompt."""
        match message:
            case stream_json.User(replay=True, uuid=uuid):
                self.turns.is_read(uuid, now)
            case stream_json.Lifecycle(command_uuid=uuid, state="started"):
                self.turns.is_read(uuid, now)

    def _lifecycle(self, lifecycle: stream_json.Lifecycle, now: float) -> None:
        if lifecycle.state == "cancelled":
            self.turns.is_left_out(lifecycle.command_uuid, now)
        if lifecycle.state in ("completed", "cancelled"):
            self.turns.echoed(lifecycle.command_uuid, now, cancelled=lifecycle.state == "cancelled")

    def _cancelled(self, cancel: stream_json.ControlCancel, _now: float) -> None:
        reason = "The turn was stopped." if self.turns.stopping else "Claude took the question back."
        self.approvals.withdrawn(cancel.request_id, reason)

    def _ended_turn(self, result: stream_json.Result, now: float) -> None:
        self._changed(claude_session=result.session_id)
        if not self.turns.ended(result, now):
            self._stray_result = result

    def _user(self, user: stream_json.User, now: float) -> None:
        if user.replay:
            self.turns.echoed(user.uuid, now)
        elif self.approvals.waiting_for_results and not isinstance(user.message.content, str):
            for block in user.message.content:
                if block.type == "tool_result" and block.tool_use_id:
                    self.approvals.tool_finished(block.tool_use_id, error=bool(block.is_error))

    def _requested(self, message: stream_json.ControlRequest, _now: float) -> None:
        if message.request.subtype == "can_use_tool":
            self.approvals.open(message)
        else:
            words = f"claude-remote does not serve {message.request.subtype!r}"
            self._outside.write(stream_json.refusal(message.request_id, words))

    def _answered(self, message: stream_json.ControlResponse, now: float) -> None:
        if self._startup.answered(message.response):
            self.turns.begin_next(now)
        else:
            self.approvals.answered(message.response.request_id)

    def _asked(self, answer: stream_json.Answer) -> None:
        agreed = self._asking.answered(answer)
        if agreed is not None and agreed[0] == "set_model":
            # Claude tells of a new mode by itself, but not of a new model.
            self._changed(model=text_in(agreed[1], "model") or "default")

    def _changed(self, **fields: str | None) -> None:
        new = {name: value for name, value in fields.items() if value and self._now.get(name) != value}
        if new:
            self._now |= new
            self._outside.record(
                facts.SessionChanged(
                    claude_session=new.get("claude_session"),
                    mode=new.get("mode"),
                    model=new.get("model"),
                    title=new.get("title"),
                    cwd=new.get("cwd"),
                )
            )

    def _notice(self, level: _Level, text: str) -> None:
        self._outside.record(facts.Notice(level=level, text=text))

    def _idle(self, now: float) -> None:
        if self._over:
            return
        if self.ending.begun:
            self.ending.tick(now)
        elif not self._yielding.gives_way(now):
            self.turns.begin_next(now)

    def _may_begin(self, now: float) -> bool:
        """Whether a prompt may be given to claude now.

        A resumed claude gets none before it is ready: who resumes the conversation elsewhere at the same
        moment says so only a while after its start.
        """
        if self._transcript.exists and not self._startup.ready:
            return False
        return not self._yielding.gives_way(now)

    def _end(self, code: int | None, reason: str, stderr: str, now: float, *, refused: bool = False) -> None:
        if self._over:
            return
        self._over = True
        why = reason or self._explain_end(code, stderr)
        self.approvals.claude_ended()
        self.turns.claude_ended(why, ready=self._startup.ready, now=now)
        self._asking.claude_ended()
        self._background.claude_ended()
        self._outside.record(
            facts.ClaudeExited(
                code=code, expected=self.ending.begun, reason=why, stderr=stderr, refused=refused
            )
        )

    def _explain_end(self, code: int | None, stderr: str) -> str:
        failure = self._startup.failure or self._strange.failure
        if failure:
            return failure
        if self.ending.begun:
            return "Claude was ended." if self.ending.how == "now" else "Claude was parked."
        if self.turns.would_not_stop:
            return "Claude did not stop its turn when it was told to, so it was ended."
        rubbish = "" if self._startup.ready else self._strange.rubbish
        return describe_exit(code, stderr, rubbish, self._stray_result)


def _remember(known: OrderedDict[str, None], identity: str) -> bool:
    """Whether this is new. The oldest are forgotten when they are many."""
    if identity in known:
        return False
    known[identity] = None
    if len(known) > _REMEMBERED:
        known.popitem(last=False)
    return True
