"""Claude's lines: each is kept as it is, and what it says is told to whom it concerns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from claude_remote import facts
from claude_remote_workers import stream_json
from claude_remote_workers.approvals import Approvals
from claude_remote_workers.asking import Asking
from claude_remote_workers.background import Background
from claude_remote_workers.outside import Outside
from claude_remote_workers.present import Present
from claude_remote_workers.startup import Startup, text_in
from claude_remote_workers.strange import Strange
from claude_remote_workers.turns import Turns
from claude_remote_workers.words import describe_retry


class Hearing:
    """Reads for the machines of one lease."""

    def __init__(
        self,
        outside: Outside,
        host: str,
        present: Present,
        *,
        turns: Turns,
        approvals: Approvals,
        asking: Asking,
        startup: Startup,
        makes_worktree: bool,
    ) -> None:
        """`makes_worktree`: this claude begins in a new worktree, and says itself where that is."""
        self._outside = outside
        self._host = host
        self._present = present
        self._turns = turns
        self._approvals = approvals
        self._asking = asking
        self._startup = startup
        self._makes_worktree = makes_worktree
        self.strange = Strange(outside)
        self.background = Background(outside)
        # Who tells where a prompt is repeats it before it answers, too; 2.1.197 does neither.
        self._tells_lifecycle = False
        self.stray_result: stream_json.Result | None = None  # one that ended no turn
        self._acts: dict[type[msgspec.Struct], Callable[[Any, float], None]] = {
            stream_json.System: self._system,
            stream_json.User: self._user,
            stream_json.Lifecycle: self._lifecycle,
            stream_json.ControlRequest: self._requested,
            stream_json.ControlCancel: self._cancelled,
            stream_json.ControlResponse: self._answered,
            stream_json.Result: self._ended_turn,
        }

    def read(self, line: bytes, now: float) -> None:
        """One line of claude's, with its newline. What is no JSON object becomes a Notice instead."""
        if not line.strip():
            return
        try:
            message = stream_json.read(line)
        except (msgspec.ValidationError, RecursionError) as error:
            self.strange.take_unknown(line, error)
            return
        except msgspec.DecodeError:
            self.strange.take_rubbish(line)
            return
        if isinstance(message, stream_json.ControlResponse) and self._asking.is_answer(message.response):
            self._asked(message.response)
            return
        self._look_for_steering(message, now)
        if message is None and (plan := stream_json.find_plan(line)) is not None:
            self._approvals.planned(*plan)
        self._outside.keep(line)
        act = None if message is None else self._acts.get(type(message))
        if act is not None:
            act(message, now)

    # --- inside ---

    def _system(self, system: stream_json.System, now: float) -> None:
        match system.subtype:
            case "session_state_changed":
                self._turns.state_changed(system.state or "", now)
            case "init":
                self._present.change(
                    claude_session=system.session_id,
                    model=system.model,
                    mode=system.mode,
                    cwd=system.cwd if self._makes_worktree else None,
                )
            case "status":
                self._present.change(mode=system.mode)
                if system.status == "requesting" and not self._tells_lifecycle:
                    self._turns.answers(now)
            case "session_title_changed":
                self._present.change(title=system.title)
            case "api_retry":
                self._turns.retried(system)
                denied = system.error_status in (401, 403)
                words = describe_retry(system, self._host)
                self._outside.record(facts.Notice(level="error" if denied else "warning", text=words))
            case _:
                self.background.heard(system)

    def _look_for_steering(self, message: msgspec.Struct | None, now: float) -> None:
        """What a prompt begins stands before its echo in the log, as it does for every other prompt."""
        match message:
            case stream_json.User(replay=True, uuid=uuid):
                self._turns.is_read(uuid, now)
            case stream_json.Lifecycle(command_uuid=uuid, state="started"):
                self._turns.is_read(uuid, now)

    def _lifecycle(self, lifecycle: stream_json.Lifecycle, now: float) -> None:
        self._tells_lifecycle = True
        if lifecycle.state == "cancelled":
            self._turns.is_left_out(lifecycle.command_uuid, now)
        if lifecycle.state in ("completed", "cancelled"):
            self._turns.echoed(lifecycle.command_uuid, now, cancelled=lifecycle.state == "cancelled")

    def _cancelled(self, cancel: stream_json.ControlCancel, _now: float) -> None:
        reason = "The turn was stopped." if self._turns.stopping else "Claude took the question back."
        self._approvals.withdrawn(cancel.request_id, reason)

    def _ended_turn(self, result: stream_json.Result, now: float) -> None:
        self._present.change(claude_session=result.session_id)
        if not self._turns.ended(result, now):
            self.stray_result = result

    def _user(self, user: stream_json.User, now: float) -> None:
        if user.replay:
            self._turns.echoed(user.uuid, now)
        elif self._approvals.waiting_for_results and not isinstance(user.message.content, str):
            for block in user.message.content:
                if block.type == "tool_result" and block.tool_use_id:
                    self._approvals.tool_finished(block.tool_use_id, error=bool(block.is_error))

    def _requested(self, message: stream_json.ControlRequest, _now: float) -> None:
        if message.request.subtype == "can_use_tool":
            self._approvals.open(message)
        else:
            words = f"claude-remote does not serve {message.request.subtype!r}"
            self._outside.write(stream_json.refusal(message.request_id, words))

    def _answered(self, message: stream_json.ControlResponse, now: float) -> None:
        if self._startup.answered(message.response):
            self._turns.begin_next(now)
        else:
            self._approvals.answered(message.response.request_id)

    def _asked(self, answer: stream_json.Answer) -> None:
        agreed = self._asking.answered(answer)
        if agreed is not None and agreed[0] == "set_model":
            # Claude tells of a new mode by itself, but not of a new model.
            self._present.change(model=text_in(agreed[1], "model") or "default")
