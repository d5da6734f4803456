"""One lease as a state machine: verbs of the broker and lines of claude go in, facts and lines come out.

It does no IO and has no clock: everything it does goes through an Outside, and time comes with each call.
"""

from __future__ import annotations

from typing import Literal

from claude_remote import bus, facts
from claude_remote.conversations import Owner
from claude_remote_workers import stream_json
from claude_remote_workers.approvals import Approvals
from claude_remote_workers.asking import Asking
from claude_remote_workers.ending import Ending
from claude_remote_workers.hearing import Hearing
from claude_remote_workers.outside import Outside
from claude_remote_workers.present import Present
from claude_remote_workers.remembered import Remembered
from claude_remote_workers.startup import Startup
from claude_remote_workers.transcript import Transcript
from claude_remote_workers.trusting import Trusting
from claude_remote_workers.turns import Turns
from claude_remote_workers.words import describe_exit, describe_rival
from claude_remote_workers.yielding import Yielding


class Conversation:
    """Everything about one claude that is not a pipe or a socket."""

    def __init__(self, outside: Outside, lease: bus.Lease, transcript: Transcript, host: str) -> None:
        self._outside = outside
        self._lease = lease
        self._transcript = transcript
        cost = transcript.cost() if transcript.exists else 0.0
        self.turns = Turns(outside, host, cost, self._idle)
        self.approvals = Approvals(outside, lease.cwd)
        self.ending = Ending(outside, self.turns)
        self._asking = Asking(outside)
        self._trusting = Trusting(outside, lease.cwd, resumed=transcript.exists)
        self.turns.before_end = self.approvals.turn_ended
        self._prompts = Remembered()
        self._decisions = Remembered()
        self._present = Present(outside, lease.claude_session, lease.cwd)
        self._startup = Startup(outside)
        self._yielding = Yielding(outside, self.turns, self.ending, lambda: self._present.claude_session)
        self.turns.may_begin = self._may_begin
        self._hearing = Hearing(
            outside,
            host,
            self._present,
            turns=self.turns,
            approvals=self.approvals,
            asking=self._asking,
            startup=self._startup,
            makes_worktree=bool(lease.worktree) and not transcript.exists,
        )
        self._over = False

    @property
    def prompts(self) -> tuple[str, ...]:
        """The prompts it was given, the last of them when they are many."""
        return self._prompts.all

    @property
    def decisions(self) -> tuple[str, ...]:
        """The approvals whose decision it was given, the last of them when they are many."""
        return self._decisions.all

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
        if self._over or self.ending.begun or not self._prompts.add(verb.prompt):
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
        if not self._over and self._decisions.add(verb.approval):
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
        self._hearing.read(line, now)

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

    def _notice(self, level: Literal["warning", "error"], text: str) -> None:
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
        self._hearing.background.claude_ended()
        self._outside.record(
            facts.ClaudeExited(
                code=code, expected=self.ending.begun, reason=why, stderr=stderr, refused=refused
            )
        )

    def _explain_end(self, code: int | None, stderr: str) -> str:
        failure = self._startup.failure or self._hearing.strange.failure
        if failure:
            return failure
        if self.ending.begun:
            return "Claude was ended." if self.ending.how == "now" else "Claude was parked."
        if self.turns.would_not_stop:
            return "Claude did not stop its turn when it was told to, so it was ended."
        rubbish = "" if self._startup.ready else self._hearing.strange.rubbish
        return describe_exit(code, stderr, rubbish, self._hearing.stray_result)
