"""Claude's open questions on the screen, one at a time, and the way of an answer to the server."""

from __future__ import annotations

import time
from collections.abc import Callable

from claude_remote.cli.interactive.forms import make_form
from claude_remote.cli.interactive.proposals import propose, propose_plan
from claude_remote.cli.interactive.remote import Remote
from claude_remote.cli.interactive.screen import Screen
from claude_remote.cli.interactive.scroll import Scroll
from claude_remote.client.conversation import Conversation
from claude_remote.client.conversation.items import Question
from claude_remote.client.turn import Verdict
from claude_remote.errors import RemoteError
from claude_remote.messages import Decided

# Whoever begins to type in the instant in which a question appears has not read it: in so many seconds a key
# goes to the prompt and decides nothing.
NOT_READ_YET = 0.4


class Asking:
    """Shows questions and takes answers. `refresh` is called when something was printed."""

    def __init__(
        self,
        conversation: Conversation,
        scroll: Scroll,
        screen: Screen,
        remote: Remote,
        refresh: Callable[[], None],
    ) -> None:
        self._conversation = conversation
        self._scroll = scroll
        self._screen = screen
        self._remote = remote
        self._refresh = refresh
        self._shown: set[str] = set()
        self._appeared = 0.0
        self._visitors: dict[str, tuple[Question, str]] = {}  # of other sessions, with their folders
        self.answered: set[str] = set()  # approvals that were decided here

    def visit(self, question: Question, folder: str) -> None:
        """Show a question of another session, and turn to it."""
        self._visitors[question.approval] = (question, folder)
        self.update()
        self.turn_to()

    def leave(self, approval: str) -> None:
        """A question of another session is no longer to be answered."""
        self._visitors.pop(approval, None)
        self.update()

    def update(self) -> None:
        """Show the question that is next, or none."""
        form = self._screen.form
        visitors = [question for question, _ in self._visitors.values()]
        waiting = [
            each for each in (*visitors, *self._conversation.questions) if each.approval not in self.answered
        ]
        if form is not None and waiting and visitors and form.question.approval not in self._visitors:
            form = None  # what was asked for comes first
        if form is not None and any(each.approval == form.question.approval for each in waiting):
            form.behind = len(waiting) - 1
            return
        if not waiting:
            if form is not None:
                self._screen.show_form(None, take_keys=False)
            return
        self._show(waiting[0], len(waiting) - 1)

    def turn_to(self) -> None:
        """The user has seen the question, and wants to answer it."""
        self._appeared = 0.0
        self._screen.give_keys(to_form=True)

    def press(self, key: str) -> None:
        """A key for the question."""
        form = self._screen.form
        if form is None:
            return
        if time.monotonic() - self._appeared < NOT_READ_YET:
            self._screen.give_keys(to_form=False)
            if key.isprintable() and len(key) == 1:
                self._screen.prompt.insert_text(key)
            return
        answer = form.press(key)
        if answer is not None:
            self._decide(form.question, answer)
        else:
            self._screen.give_keys(to_form=True)

    def write(self, text: str) -> None:
        """Words for the question."""
        form = self._screen.form
        if form is None:
            return
        answer = form.write(text)
        if answer is not None:
            self._decide(form.question, answer)
        else:
            self._screen.give_keys(to_form=True)

    # --- inside -----------------------------------------------------------------------------------------

    def _show(self, question: Question, behind: int) -> None:
        if question.approval not in self._shown:
            self._shown.add(question.approval)
            if question.tool == "ExitPlanMode":
                self._scroll.show(propose_plan(question.plan))
            elif question.tool != "AskUserQuestion":
                _, folder = self._visitors.get(question.approval, (question, self._conversation.cwd))
                self._scroll.show(propose(question, folder))
        if self._screen.form is None:
            self._appeared = time.monotonic()
        form = make_form(question)
        form.behind = behind
        self._screen.show_form(form, take_keys=not self._screen.prompt.text)

    def _decide(self, question: Question, verdict: Verdict) -> None:
        approval = question.approval
        self.answered.add(approval)

        def done(decided: Decided) -> None:
            if decided.behavior is not verdict.behavior:
                self._scroll.remark(f"{decided.by} was first and decided: {decided.behavior}.")
                self._refresh()

        def failed(error: RemoteError) -> None:
            self.answered.discard(approval)
            self._failed(error)
            self.update()

        self._remote.decide(approval, verdict, done, failed)
        self.update()
        self._refresh()

    def _failed(self, error: RemoteError) -> None:
        self._scroll.warn(error.message)
        self._refresh()
