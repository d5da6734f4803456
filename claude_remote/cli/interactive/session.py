"""The interactive mode: what is typed goes to the session, what the session brings goes to the screen."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import suppress

from prompt_toolkit.history import History
from prompt_toolkit.input import Input
from prompt_toolkit.output import Output
from rich.text import Text

from claude_remote.cli.interactive.asking import Asking
from claude_remote.cli.interactive.completion import PromptCompleter
from claude_remote.cli.interactive.elsewhere import Elsewhere
from claude_remote.cli.interactive.finding import find_files
from claude_remote.cli.interactive.keys import HELP, make_bindings
from claude_remote.cli.interactive.modes import Modes
from claude_remote.cli.interactive.painter import Colours, Painter
from claude_remote.cli.interactive.past import Past
from claude_remote.cli.interactive.prompts import Prompts
from claude_remote.cli.interactive.remote import Remote
from claude_remote.cli.interactive.screen import Screen
from claude_remote.cli.interactive.scroll import Scroll
from claude_remote.cli.interactive.view import SessionView
from claude_remote.cli.ringing import Ringing
from claude_remote.client.client import Client
from claude_remote.client.conversation import Conversation
from claude_remote.client.events import Event, Fact, Reconnecting, Tail
from claude_remote.errors import Exit, RemoteError
from claude_remote.facts import TurnFinished, TurnStarted
from claude_remote.messages import Cursor, Opened
from claude_remote.rights import Right

_BACK = 2000  # events of the past that are read for its end


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
        rings: bool = False,
    ) -> None:
        self._opened = opened
        self._info = opened.session
        self._come_back = come_back
        self._early = [] if first_prompt is None else [first_prompt]  # sent when the past is shown
        self._conversation = Conversation()
        self._conversation.mode = self._info.mode
        self._painter = Painter(colours=colours)
        self._scroll = Scroll(self._painter, self._is_mine, client.hello.client)
        self._remote = Remote(client, self._info.id, self)
        self._prompts = Prompts(self._remote, self._scroll, self._give_back)
        self._modes = Modes(self._remote, self._conversation, self._refresh, self._failed)
        self._view = SessionView(
            self._info,
            self._conversation,
            self._scroll,
            self._prompts,
            modes=self._modes,
            fit=self._fit,
        )
        completer = PromptCompleter(lambda: self._conversation.commands, self._find_files)
        self._screen = Screen(
            self._view,
            lambda screen: make_bindings(screen, self),
            completer,
            history,
            source=source,
            sink=sink,
        )
        self._ringing = Ringing(self._screen.write_raw) if rings else None
        if self._ringing is not None:
            self._ringing.name = self._info.name
        self._asking = Asking(self._conversation, self._scroll, self._screen, self._remote, self._refresh)
        self._elsewhere = Elsewhere(self._info.id, self._remote, self._scroll, self._asking, self._refresh)
        self._decides = Right.APPROVE in client.rights
        self._past: Past | None = Past()
        self._view.past = True
        self._error: RemoteError | None = None
        self._hung_up = False

    def run(self) -> int:
        """Run until the user leaves. The exit code."""
        with suppress(EOFError):  # the terminal is gone
            asyncio.run(self._run())
        return Exit.OK if self._error is None else self._error.exit_code

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        # Windows has none; a thread that is not main may not.
        with suppress(NotImplementedError, RuntimeError, AttributeError):
            loop.add_signal_handler(signal.SIGTERM, self.leave)
            loop.add_signal_handler(signal.SIGHUP, self._hang_up)

        def begin() -> None:
            # Once the screen is drawn, for what is printed goes above it.
            loop.call_soon(self._begin)

        try:
            await self._screen.app.run_async(pre_run=begin)
        except OSError:
            if not self._hung_up:
                raise
        finally:
            self._remote.close()
            if self._ringing is not None and not self._hung_up:
                self._ringing.close()
        if not self._hung_up and (lines := self._view.goodbye(self._come_back)):
            self._screen.print_above("".join(f"{line}\n" for line in lines))

    def _begin(self) -> None:
        self._scroll.show(self._view.heading())
        self._screen.app.create_background_task(self._screen.tick())
        cursor = self._opened.cursor
        self._remote.start(Cursor(cursor.generation, max(0, cursor.seq - _BACK)))
        if self._decides:
            self._elsewhere.start()
        self._refresh()

    # --- what the server brings ---------------------------------------------------------------------------

    def on_events(self, events: list[Event]) -> None:
        """Of the session's log."""
        commands = self._conversation.commands
        for event in events:
            self._view.connected = not isinstance(event, Reconnecting)
            for change in self._conversation.read(event):
                if self._past is not None:
                    self._past.take(change)
                    continue
                self._scroll.take(change)
            if isinstance(event, Fact):
                self._look(event)
            elif isinstance(event, Tail) and self._past is not None:
                self._arrive(self._past)
        if self._past is None:
            self._asking.update()
        if self._conversation.commands != commands:
            self._screen.complete_again()
        self._refresh()

    def on_prompt_event(self, prompt: str, event: Event) -> None:
        """Of a prompt of ours that waits."""
        self._prompts.tell(prompt, event)
        self._refresh()

    def on_prompt_failed(self, prompt: str, error: RemoteError) -> None:
        """The server did not take it."""
        self._prompts.failed(prompt, error)
        self._refresh()

    def on_lost(self, error: RemoteError) -> None:
        """Nothing more is heard of the session."""
        self._error = error
        self._scroll.warn(error.message)
        self._refresh()
        self.leave()

    def _give_back(self, text: str) -> None:
        """What did not run is put where it can be changed."""
        prompt = self._screen.prompt
        prompt.text = f"{prompt.text}\n{text}" if prompt.text else text
        prompt.cursor_position = len(prompt.text)

    def _look(self, event: Fact) -> None:
        if self._ringing is not None and self._past is None:
            self._ringing.fact(event.fact)
        match event.fact:
            case TurnStarted(prompt=prompt):
                self._view.began = time.monotonic() if self._past is None else None
                self._prompts.begun(prompt)
            case TurnFinished(cost=cost) if event.cursor > self._opened.cursor:
                self._view.cost += cost

    def _arrive(self, past: Past) -> None:
        """The past is read: show its end, and from here on everything."""
        self._past = None
        self._view.past = False
        more, items = past.end()
        if items and more:
            self._scroll.remark("Earlier turns are not shown.")
        for item in items:
            self._scroll.take(item)
        self._send_early()

    def _send_early(self) -> None:
        early, self._early = self._early, []
        for text in early:
            self.submit(text)

    def _is_mine(self, identity: str) -> bool:
        return identity in self._prompts.mine or identity in self._asking.answered

    # --- what the user does -------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether there is something to stop."""
        return self._conversation.running or bool(self._prompts)

    def submit(self, text: str) -> None:
        """Prompt, or carry out a command of ours."""
        match text.strip():
            case "/exit" | "/quit":
                self.leave()
            case "/trust":
                self._remote.control("trust_folder", lambda _: None, self._failed)
            case "/help":
                self._scroll.show(Text(HELP, style="dim"))
            case "":
                pass
            case words if self._past is not None:
                self._early.append(words)
            case words:
                self._prompts.send(words, busy=self._conversation.running)
        self._refresh()

    def stop(self) -> None:
        """Ctrl-C."""
        again, self._view.stopped = self._view.just_stopped, time.monotonic()
        if again:
            self.leave()
            return
        self._prompts.take_back()
        if self._conversation.running:
            self._remote.interrupt(self._failed)
        self._screen.redraw()

    def leave(self) -> None:
        """Leave; what runs goes on."""
        if self._screen.app.is_running and not self._screen.app.is_done:
            self._screen.app.exit()

    def next_mode(self) -> None:
        """Shift-Tab."""
        self._modes.go_on()

    def answer(self) -> None:
        """Turn to the question at the bottom."""
        self._asking.turn_to()

    def look_elsewhere(self) -> None:
        """Open a question of another session."""
        self._elsewhere.look()

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
        return await find_files(self._remote, query, lambda: self._conversation.cwd or self._info.cwd)

    # --- inside -----------------------------------------------------------------------------------------

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
