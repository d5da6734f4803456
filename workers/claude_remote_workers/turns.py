"""The turns of one claude: one prompt at a time, from the moment it is written until claude is idle again.

A prompt may also be for the turn that runs: see steering.py.

What ends a turn is `session_state_changed: idle` after its `result` (2-4 ms later, behind the other lines of
that turn); without it, a second after the result. Claude drops a prompt whose uuid it has had before: it is
idle again after an echo then, without a result.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Literal

from claude_remote import facts
from claude_remote_workers import stream_json
from claude_remote_workers.outside import Outside
from claude_remote_workers.steering import Steering, Waiting
from claude_remote_workers.turn import DROPPED, STOP_STEPS, STOPPED, UNHEARD, Costs, Outcome, Step, Turn
from claude_remote_workers.words import last_words

INTERRUPT = "claude-remote-interrupt:"
_BEFORE = "Stopped before it began."


class Turns:
    """The running turn, and the prompts behind it. `when_idle` is called after each turn."""

    def __init__(self, outside: Outside, host: str, cost: float, when_idle: Callable[[float], None]) -> None:
        self._outside = outside
        self._host = host
        self._costs = Costs(cost)
        self._when_idle = when_idle
        self._queue: deque[Waiting] = deque()
        self._turn: Turn | None = None
        self._steering = Steering(outside)
        self._quiet_since = 0.0  # since when no turn runs
        self._retry: stream_json.System | None = None
        self._interrupts = 0
        self._steps: dict[Step, Callable[[float], None]] = {
            Step.FINISH: self._finish,
            Step.PRESS: self._press,
            Step.REMARK: self._remark,
        }
        self.leaving = False  # claude is to end: nothing more begins
        self.why_leaving = ""  # for a turn that is stopped because of that
        self.before_end: Callable[[], None] = lambda: None
        self.may_begin: Callable[[float], bool] = lambda _now: True

    @property
    def busy(self) -> bool:
        """Whether a turn runs."""
        return self._turn is not None

    @property
    def stopping(self) -> bool:
        """Whether the running turn was told to stop."""
        return self._turn is not None and self._turn.stopping is not None

    @property
    def would_not_stop(self) -> bool:
        """Whether the running turn had to be ended by ending claude."""
        return self._turn is not None and self._turn.stop_step > 0

    def give(self, prompt: str, client: str, text: str, now: float) -> None:
        """Run this prompt when claude is idle."""
        self._queue.append(Waiting(prompt, client, text))
        self.begin_next(now)

    def steer(self, prompt: str, client: str, text: str, now: float) -> None:
        """Give this prompt to the running turn; if that is at its end, or there is none, it is the next."""
        waiting = Waiting(prompt, client, text)
        turn = self._turn
        if turn is None or turn.result is not None or turn.stopping is not None:
            self._queue.appendleft(waiting)
            self.begin_next(now)
        else:
            self._steering.write(waiting)

    def begin_next(self, now: float) -> None:
        """Write the next prompt, if claude is idle and reads no other first."""
        if self.at_rest and self._queue and not self.leaving and self.may_begin(now):
            waiting = self._queue.popleft()
            self._begin(waiting, now)
            self._outside.write(stream_json.prompt(waiting.text, waiting.prompt))

    @property
    def at_rest(self) -> bool:
        """Whether no turn runs, and none will begin by what claude was given."""
        return self._turn is None and not self._steering

    def refuse(self, reason: str) -> None:
        """Begin none of the prompts that wait."""
        for waiting in self._queue:
            self._void(waiting.prompt, reason, error=True)
        self._queue.clear()

    def stop(self, prompt: str | None, now: float) -> None:
        """End the running turn, if it is that of `prompt` (None: whatever runs); forget it if it waits."""
        for waiting in list(self._queue):
            if waiting.prompt == prompt:
                self._queue.remove(waiting)
                self._void(prompt, _BEFORE)
        if prompt is not None and self._steering.has(prompt):
            self._steering.withdraw(prompt)
        turn = self._turn
        if turn is not None and turn.stopping is None and turn.is_meant(prompt):
            turn.stopping = now
            self._interrupt()

    # --- what claude says ---

    def state_changed(self, state: str, now: float) -> None:
        """`session_state_changed`."""
        turn = self._turn
        if state == "idle" and turn is not None:
            if turn.result is not None or turn.cancelled or (turn.echoed is not None and not turn.runs):
                self._finish(now)
            elif turn.runs:
                turn.idle_since = now
        elif state == "running":
            if turn is not None and turn.result is not None:
                self._finish(now)
                turn = self._turn
            if turn is None and self._steering:
                turn = self._begin_steered(self._steering.first, now)
            elif turn is None:
                # Nobody prompted: a task in the background has ended, and claude goes on by itself.
                turn = self._begin(None, now)
            elif turn.stopping is not None and not turn.runs:
                # 2.1.197 forgets an interrupt that came while the prompt was still in its queue.
                self._interrupt()
            turn.runs, turn.idle_since = True, None

    def is_read(self, uuid: str | None, now: float) -> None:
        """Claude begins to read a prompt. To be called before the line that says so is kept."""
        if uuid is None or not self._steering.has(uuid):
            return
        if self._turn is not None and self._turn.result is not None:
            self._finish(now)
        turn = self._turn
        if turn is None:
            self._begin_steered(uuid, now).runs = True
            return
        waiting = self._steering.take(uuid)
        turn.steered.add(uuid)
        self._outside.record(facts.Steered(prompt=uuid, client=waiting.client))
        if self._steering.is_unwanted(uuid):
            self.stop(uuid, now)

    def is_left_out(self, uuid: str, now: float) -> None:
        """Claude has dropped a prompt that it had not read; when it is to end, the next claude gets it."""
        if self._steering.has(uuid):
            self._steering.take(uuid)
            if not self.leaving:
                self._void(uuid, _BEFORE)
                self.begin_next(now)

    def echoed(self, uuid: str | None, now: float, *, cancelled: bool = False) -> None:
        """Claude has repeated a prompt, or said that it is through with it."""
        turn = self._turn
        if turn is not None and turn.prompt is not None and turn.prompt == uuid:
            turn.take_text()
            turn.echoed = now if turn.echoed is None else turn.echoed
            turn.cancelled = turn.cancelled or cancelled

    def answers(self, now: float) -> None:
        """Claude begins to answer, and may not have repeated the prompt."""
        if self._steering and (self._turn is None or self._turn.result is not None):
            self.is_read(self._steering.first, now)
        turn = self._turn
        if turn is not None and turn.prompt is not None and (text := turn.take_text()):
            self._outside.record(facts.Prompted(prompt=turn.prompt, text=text[: facts.MAX_PROMPTED]))

    def retried(self, retry: stream_json.System) -> None:
        """`system/api_retry`."""
        self._retry = retry

    def ended(self, result: stream_json.Result, now: float) -> bool:
        """`result`. False when no turn was running that could have ended."""
        turn = self._turn
        if turn is None:
            return False
        by_itself = result.origin is not None and result.origin.kind == "task-notification"
        if by_itself and turn.prompt is not None:
            return True  # it began just before our prompt was written, which follows
        turn.settle(result, now)
        return True

    def claude_ended(self, reason: str, *, ready: bool, now: float) -> None:
        """Claude is no more. `ready`: it had been; otherwise nothing that waits can have had effects."""
        turn = self._turn
        if turn is not None and turn.result is not None:
            self._finish(now)
        elif turn is not None:
            told = STOPPED if turn.stopping is not None and ready else reason
            kind: Literal["interrupted", "void"] = "interrupted" if ready else "void"
            self._end(turn, Outcome(kind, error=turn.stopping is None, reason=told), now)
        if not ready:
            self._queue.extendleft(reversed(self._steering.take_all()))
            self.refuse(reason)

    # --- time ---

    @property
    def next_deadline(self) -> float | None:
        """When tick() has something to do."""
        step = self._next_step()
        return None if step is None else step[0]

    def tick(self, now: float) -> None:
        """Act on what did not happen in time."""
        step = self._next_step()
        if step is not None and now >= step[0]:
            step[1](now)

    def _next_step(self) -> tuple[float, Callable[[float], None]] | None:
        """What is done next if nothing happens, and when."""
        turn = self._turn
        if turn is None:
            return (self._quiet_since + DROPPED, self._write_again) if self._steering else None
        due = turn.due
        return None if due is None else (due[0], self._steps[due[1]])

    def _write_again(self, now: float) -> None:
        """Claude is idle, and has not read what was meant for the turn before. It drops what it had read."""
        self._queue.extendleft(reversed(self._steering.take_all()))
        self.begin_next(now)

    def _remark(self, _now: float) -> None:
        if self._turn is not None:
            self._turn.remarked_on = True
            self._outside.record(
                facts.Notice(
                    level="warning",
                    text=f"claude has not begun with the prompt for {UNHEARD:.0f} s; it may be starting "
                    "MCP servers or hooks. Interrupt to give up.",
                )
            )

    def _press(self, _now: float) -> None:
        if self._turn is not None:
            self._turn.stop_step += 1
            if self._turn.stop_step == len(STOP_STEPS):
                self._outside.kill()
            else:
                self._outside.interrupt_process()

    # --- beginning and end ---

    def _begin(self, given: Waiting | None, now: float) -> Turn:
        turn = Turn(None, "", now) if given is None else Turn(given.prompt, given.client, now, given.text)
        self._turn, self._retry = turn, None
        self._outside.record(facts.TurnStarted(prompt=turn.prompt, client=turn.client))
        return turn

    def _begin_steered(self, prompt: str, now: float) -> Turn:
        """Claude goes on with a prompt that was meant for the turn before."""
        waiting = self._steering.take(prompt)
        turn = self._begin(waiting, now)
        if self._steering.is_unwanted(prompt):
            self.stop(prompt, now)
        return turn

    def _void(self, prompt: str | None, reason: str, *, error: bool = False) -> None:
        self._outside.record(facts.TurnFinished(prompt=prompt, outcome="void", error=error, reason=reason))

    def _interrupt(self) -> None:
        self._interrupts += 1
        identity = f"{INTERRUPT}{self._interrupts}"
        # What claude has not taken from its queue yet must not run after the interrupt (2.1.330 knows this).
        self._outside.write(stream_json.request(identity, "interrupt", {"cancel_queued": True}))

    def _finish(self, now: float) -> None:
        turn = self._turn
        if turn is not None:
            self._end(turn, turn.outcome(self._retry, self._host), now)

    def _end(self, turn: Turn, outcome: Outcome, now: float) -> None:
        self.before_end()
        reason = outcome.reason
        if reason == STOPPED and self.why_leaving:
            reason = f"The turn was stopped: {self.why_leaving}."
        self._outside.record(
            facts.TurnFinished(
                prompt=turn.prompt,
                outcome=outcome.kind,
                error=outcome.error,
                reason=reason,
                last_words=last_words(turn.answer),
                answer=turn.answer[: facts.MAX_ANSWER],
                cost=self._costs.of(turn),
                duration=max(now - turn.began, 0.0),
            )
        )
        self._turn = None
        self._quiet_since = now
        self._when_idle(now)
