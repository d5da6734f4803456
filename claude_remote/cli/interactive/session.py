"""The interactive mode: what is typed goes to the session, what the session brings goes to the screen."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from prompt_toolkit.history import History
from prompt_toolkit.input import Input
from prompt_toolkit.output import Output
from rich.text import Text

from claude_remote.cli.interactive import status
from claude_remote.cli.interactive.asking import Asking
from claude_remote.cli.interactive.completion import PromptCompleter
from claude_remote.cli.interactive.keys import make_bindings
from claude_remote.cli.interactive.painter import Colours, Painter
from claude_remote.cli.interactive.past import Past
from claude_remote.cli.interactive.remote import Remote
from claude_remote.cli.interactive.screen import Screen
from claude_remote.cli.interactive.scroll import Scroll
from claude_remote.cli.interactive.status import Styled
from claude_remote.cli.terminal import escape
from claude_remote.client.client import Client
from claude_remote.client.conversation import Conversation
from claude_remote.client.events import Event, Fact, Finished, Reconnecting, Tail, Waiting
from claude_remote.client.items import Question, Said
from claude_remote.client.summaries import one_line, shorten
from claude_remote.errors import Exit, RemoteError
from claude_remote.facts import ToolFinished, TurnFinished, TurnStarted
from claude_remote.messages import Cursor, Opened, PromptState
from claude_remote.rights import Right

_TWICE_WITHIN = 2.0  # seconds between two Ctrl-C that leave
_BACK = 2000  # events of the past that are read for its end

HELP = """\
Enter sends; Alt-Enter, Ctrl-J or a \\ before Enter begins a new line.
@ completes files of the session's folder, / the commands.
Shift-Tab goes through the modes: asks first, edits pass, plan.
Ctrl-C interrupts the turn and takes back what waits; twice leaves.
Ctrl-D, /exit or /quit leaves; a running turn goes on.
Every other command is claude's own: /compact, /clear, /context, /model, …"""


@dataclass
class _Sent:
    """A prompt that was sent and whose turn has not begun."""

    text: str
    said: bool  # it is printed already
    since: float
    why: str = "sending"
    place: int = 0
    taken_back: bool = False


class Session:
    """One session on one terminal. `come_back` is the command line that goes on with it."""

    def __init__(
        self,
        client: Client,
        opened: Opened,
        *,
        come_back: str,
        history: History,
        first_prompt: str | None = None,
        colours: Colours | None = "standard",
        source: Input | None = None,
        sink: Output | None = None,
    ) -> None:
        self._opened = opened
        self._info = opened.session
        self._come_back = come_back
        self._first_prompt = first_prompt
        self._conversation = Conversation()
        self._conversation.mode = self._info.mode
        self._painter = Painter(colours=colours)
        self._scroll = Scroll(self._painter, self._is_mine, client.hello.client)
        self._remote = Remote(client, self._info.id, self, see=Right.VIEW in client.rights)
        completer = PromptCompleter(lambda: self._conversation.commands, self._find_files)
        self._screen = Screen(
            self,
            lambda screen: make_bindings(screen, self),
            completer,
            history,
            source=source,
            sink=sink,
        )
        self._asking = Asking(self._conversation, self._scroll, self._screen, self._remote, self._refresh)
        self._past: Past | None = Past() if Right.VIEW in client.rights else None
        self._sent: dict[str, _Sent] = {}
        self._mine: set[str] = set()
        self._cost = self._info.cost
        self._connected = True
        self._wanted_mode: str | None = None
        self._began = time.monotonic()
        self._stopped = -_TWICE_WITHIN
        self._error: RemoteError | None = None
        self._hung_up = False

    def run(self) -> int:
        """Run until the user leaves. The exit code."""
        with suppress(EOFError):  # the terminal is gone
            asyncio.run(self._run())
        return Exit.OK if self._error is None else self._error.exit_code

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        handled = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
        for each in handled:
            with suppress(NotImplementedError, RuntimeError):  # Windows has none; nor has a thread
                loop.add_signal_handler(each, self._hang_up)
        try:
            # Once the screen is drawn, for what is printed goes above it.
            await self._screen.app.run_async(pre_run=lambda: loop.call_soon(self._begin))
        except OSError:
            if not self._hung_up:
                raise
        finally:
            self._remote.close()
        if not self._hung_up:
            self._say_goodbye()

    def _begin(self) -> None:
        info = self._info
        place = Text.assemble((escape(info.host), "bold"), f":{escape(info.cwd)} · {escape(info.name)}")
        self._scroll.show(place)
        self._screen.app.create_background_task(self._screen.tick())
        cursor = self._opened.cursor
        self._remote.start(Cursor(cursor.generation, max(0, cursor.seq - _BACK)))
        if self._first_prompt is not None:
            self.submit(self._first_prompt)
        self._refresh()

    def _say_goodbye(self) -> None:
        if not self._mine and not self._info.turns:
            return
        lines = []
        if self._conversation.running or self._sent:
            lines.append(f"The turn goes on at {escape(self._info.host)}.")
        lines.append(f"Come back with: {self._come_back}")
        self._screen.print_above("".join(f"{line}\n" for line in lines))

    # --- what the server brings ---------------------------------------------------------------------------

    def on_events(self, events: list[Event]) -> None:
        """Of the session's log."""
        for event in events:
            self._connected = not isinstance(event, Reconnecting)
            for change in self._conversation.read(event):
                if self._past is not None:
                    self._past.take(change)
                    continue
                if isinstance(change, Question) and change.done:
                    self._credit(change)
                self._scroll.take(change)
            if isinstance(event, Fact):
                self._look(event)
            elif isinstance(event, Tail) and self._past is not None:
                self._arrive(self._past)
        if self._past is None:
            self._asking.update()
        self._refresh()

    def on_prompt_event(self, prompt: str, event: Event) -> None:
        """Of a prompt of ours that waits."""
        sent = self._sent.get(prompt)
        if sent is None:
            return
        match event:
            case Waiting(why=why, place=place):
                sent.why, sent.place = why, place
            case Finished(state=state, reason=reason):
                del self._sent[prompt]
                if sent.taken_back and state is PromptState.VOID:
                    self._give_back(sent)
                elif state is not PromptState.DONE:
                    self._scroll.remark(reason or "The prompt did not run.")
        self._refresh()

    def on_prompt_failed(self, prompt: str, error: RemoteError) -> None:
        """The server did not take it."""
        sent = self._sent.pop(prompt, None)
        self._scroll.warn(error.message)
        if sent is not None:
            self._give_back(sent)
        self._refresh()

    def on_lost(self, error: RemoteError) -> None:
        """Nothing more is heard of the session."""
        self._error = error
        self._scroll.warn(error.message)
        self._refresh()
        self.leave()

    def _give_back(self, sent: _Sent) -> None:
        """What did not run is put where it can be changed."""
        prompt = self._screen.prompt
        prompt.text = f"{prompt.text}\n{sent.text}" if prompt.text else sent.text
        prompt.cursor_position = len(prompt.text)

    def _look(self, event: Fact) -> None:
        match event.fact:
            case TurnStarted(prompt=prompt):
                self._began = time.monotonic()
                sent = self._sent.pop(prompt or "", None)
                if sent is not None and not sent.said:
                    self._scroll.say(Said(id=0, text=sent.text))
            case TurnFinished(cost=cost) if event.cursor > self._opened.cursor:
                self._cost += cost
            case ToolFinished(approval=approval):
                self._asking.tool_finished(approval)

    def _arrive(self, past: Past) -> None:
        """The past is read: show its end, and from here on everything."""
        self._past = None
        more, items = past.end()
        if items and more:
            self._scroll.remark("Earlier turns are not shown.")
        for item in items:
            self._scroll.take(item)

    def _credit(self, question: Question) -> None:
        """Whether it was us who decided, when two did at the same time."""
        if question.approval in self._asking.answered:
            self._mine.add(question.approval)

    def _is_mine(self, identity: str) -> bool:
        return identity in self._mine

    # --- what the user does -------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether there is something to stop."""
        return self._conversation.running or bool(self._sent)

    def submit(self, text: str) -> None:
        """Prompt, or carry out a command of ours."""
        match text.strip():
            case "/exit" | "/quit":
                self.leave()
            case "/help":
                self._scroll.show(Text(HELP, style="dim"))
            case "":
                pass
            case words:
                at_once = not self._conversation.running and not self._sent
                identity = self._remote.prompt(words)
                self._mine.add(identity)
                self._sent[identity] = _Sent(words, at_once, time.monotonic())
                if at_once:
                    self._scroll.say(Said(id=0, text=words))
        self._refresh()

    def stop(self) -> None:
        """Ctrl-C."""
        now = time.monotonic()
        again, self._stopped = now - self._stopped < _TWICE_WITHIN, now
        if again:
            self.leave()
            return
        for identity, sent in self._sent.items():
            if not sent.taken_back:
                sent.taken_back = True
                self._remote.withdraw(identity)
        if self._conversation.running:
            self._remote.interrupt(self._failed)
        self._screen.redraw()

    def leave(self) -> None:
        """Leave; what runs goes on."""
        if self._screen.app.is_running and not self._screen.app.is_done:
            self._screen.app.exit()

    def next_mode(self) -> None:
        """Shift-Tab."""
        modes = status.MODES
        now = self._wanted_mode or self._conversation.mode
        self._wanted_mode = modes[(modes.index(now) + 1) % len(modes)] if now in modes else modes[0]
        wanted = self._wanted_mode

        def done(_: object) -> None:
            if self._wanted_mode == wanted:
                self._wanted_mode = None
                self._conversation.mode = wanted
            self._screen.redraw()

        def failed(error: RemoteError) -> None:
            self._wanted_mode = None
            self._failed(error)

        self._remote.control("set_permission_mode", done, failed, mode=wanted)
        self._screen.redraw()

    def press(self, key: str) -> None:
        """A key for the question at the bottom."""
        self._asking.press(key)

    def write(self, text: str) -> None:
        """Words for the question at the bottom."""
        self._asking.write(text)

    def _hang_up(self) -> None:
        self._hung_up = True
        self.leave()

    def _failed(self, error: RemoteError) -> None:
        self._scroll.warn(error.message)
        self._refresh()

    async def _find_files(self, query: str) -> list[str]:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def resolve(found: object) -> None:
            if not answer.done():
                answer.set_result(found)

        self._remote.control("file_suggestions", resolve, lambda _: resolve(None), query=query)
        match await answer:
            case {"suggestions": list(found)}:
                cwd = self._conversation.cwd or self._info.cwd
                paths = [str(each["path"]) for each in found if isinstance(each, dict) and "path" in each]
                return list(dict.fromkeys(shorten(path, cwd) for path in paths))
        return []

    # --- what there is to see -----------------------------------------------------------------------------

    def live(self, rows: int) -> list[str]:
        """Lines that still change."""
        self._fit()
        return self._scroll.live(rows, status.spinner(time.monotonic()))

    def activity(self) -> list[Styled] | None:
        """What goes on."""
        now = time.monotonic()
        stopped = now - self._stopped < _TWICE_WITHIN
        hint = "Ctrl-C again leaves" if stopped else "Ctrl-C interrupts"
        conversation = self._conversation
        if conversation.running and self._past is None:
            words = status.describe_doing(conversation.doing, conversation.detail)
            return status.activity(words, now - self._began, now, hint=hint)
        first = next(iter(self._sent.values()), None)
        if first is not None:
            words = status.describe_waiting(first.why, first.place)
            hint = "Ctrl-C again leaves" if stopped else "Ctrl-C takes it back"
            return status.activity(words, now - first.since, now, hint=hint)
        return [("class:hint", "Ctrl-C again leaves")] if stopped else None

    def queued(self) -> list[str]:
        """Prompts that wait."""
        return [f"  queued: {escape(one_line(each.text))}" for each in self._sent.values() if not each.said]

    def place(self, width: int) -> list[Styled]:
        """The status line."""
        info = self._info
        place = status.Place(
            host=info.host,
            cwd=info.cwd,
            session=info.name,
            mode=self._conversation.mode,
            cost=self._cost,
            connected=self._connected,
            wanted_mode=self._wanted_mode,
        )
        return status.place_line(place, width)

    def _refresh(self) -> None:
        self._fit()
        printed = self._scroll.take_printed()
        if printed:
            self._screen.print_above(printed)
        else:
            self._screen.redraw()

    def _fit(self) -> None:
        columns = self._screen.columns
        if columns != self._painter.width:
            self._painter.width = columns
