"""The part of the terminal that changes: what is being written, the input or a question, the status line.

What is finished is printed above it for good, so it scrolls like the output of any program.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from typing import Protocol

from prompt_toolkit.application import Application, get_app
from prompt_toolkit.application.current import set_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import Completer
from prompt_toolkit.cursor_shapes import CursorShape
from prompt_toolkit.data_structures import Point
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import ANSI, StyleAndTextTuples, to_formatted_text
from prompt_toolkit.history import History
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyBindingsBase, merge_key_bindings
from prompt_toolkit.layout import (
    BufferControl,
    ConditionalContainer,
    Dimension,
    Float,
    FloatContainer,
    FormattedTextControl,
    HSplit,
    Layout,
    Window,
)
from prompt_toolkit.layout.menus import CompletionsMenu
from prompt_toolkit.layout.processors import BeforeInput, ConditionalProcessor
from prompt_toolkit.output import Output
from prompt_toolkit.styles import Style

from claude_remote.cli.interactive.drawing import PROMPT
from claude_remote.cli.interactive.forms import Form
from claude_remote.cli.interactive.status import Styled
from claude_remote.client.conversation.summaries import count

_MENU = 8
_TALLEST_INPUT = 10
_TICK = 0.1
# Terminals that know it show what is between as one change; others ignore it.
_BEGIN_UPDATE, _END_UPDATE = "\x1b[?2026h", "\x1b[?2026l"

STYLE = Style.from_dict(
    {
        "prompt": "ansicyan bold",
        "placeholder": "ansibrightblack",
        "spinner": "ansicyan",
        "hint": "ansibrightblack",
        "queued": "ansibrightblack italic",
        "key": "ansiyellow bold",
        "question": "bold",
        "status": "ansibrightblack",
        "mode": "ansicyan",
        "connected": "ansigreen",
        "reconnecting": "ansiyellow bold",
        "completion-menu": "bg:default",
        "completion-menu.completion": "bg:default fg:default",
        "completion-menu.completion.current": "bg:default reverse",
        "completion-menu.meta.completion": "bg:default fg:ansibrightblack",
        "completion-menu.meta.completion.current": "bg:default reverse",
    }
)


class View(Protocol):
    """What there is to see."""

    def live(self, rows: int) -> list[str]:
        """Lines that still change, at most `rows`."""

    def activity(self) -> list[Styled] | None:
        """What goes on."""

    def queued(self) -> list[str]:
        """Prompts that wait."""

    def place(self, width: int) -> list[Styled]:
        """The status line."""


class Screen:
    """Input and output of the interactive mode; `bindings` are the keys that act beyond editing."""

    def __init__(
        self,
        view: View,
        bindings: Callable[[Screen], KeyBindingsBase],
        completer: Completer,
        history: History,
        *,
        source: Input | None = None,
        sink: Output | None = None,
    ) -> None:
        self._view = view
        self.form: Form | None = None
        self.form_has_keys = False
        self.prompt = Buffer(
            name="prompt", multiline=True, history=history, completer=completer, complete_while_typing=True
        )
        self.words = Buffer(name="words", multiline=False)
        self._keys = FormattedTextControl(self._draw_form, focusable=True, show_cursor=False)
        self._layout = self._build()
        self.app: Application[None] = Application(
            layout=Layout(self._layout, focused_element=self.prompt),
            key_bindings=merge_key_bindings([bindings(self), _editing()]),
            style=STYLE,
            erase_when_done=True,
            input=source,
            output=sink,
            min_redraw_interval=0.02,
            cursor=CursorShape.BEAM,
        )
        self.app.ttimeoutlen = 0.05  # Escape alone acts at once
        self.app.timeoutlen = 0.5

    # --- for the session ----------------------------------------------------------------------------------

    def write_raw(self, codes: str) -> None:
        """Codes that change nothing of what is shown."""
        self.app.output.write_raw(codes)
        self.app.output.flush()

    def print_above(self, text: str) -> None:
        """Print for good, above everything that changes. `text` is whole lines."""
        output = self.app.output
        if not self.app.is_running:
            output.write_raw(text.replace("\n", "\r\n"))
            output.flush()
            return
        output.write_raw(_BEGIN_UPDATE)
        self.app.renderer.erase(leave_alternate_screen=False)
        output.write_raw(text.replace("\n", "\r\n"))
        self.app.renderer.render(self.app, self.app.layout)
        output.write_raw(_END_UPDATE)
        output.flush()

    def redraw(self) -> None:
        """Something that changes has changed."""
        self.app.invalidate()

    def complete_again(self) -> None:
        """More is known now: propose what goes on with the command that is being typed."""
        if self.prompt.text.startswith("/") and self.prompt.complete_state is None and self.app.is_running:
            with set_app(self.app):
                self.prompt.start_completion()

    def show_form(self, form: Form | None, *, take_keys: bool) -> None:
        """Put a question at the bottom, or take it away."""
        self.form = form
        self.words.reset()
        self.give_keys(to_form=form is not None and take_keys)

    def give_keys(self, *, to_form: bool) -> None:
        """Let keys answer the question, or write a prompt."""
        self.form_has_keys = to_form and self.form is not None
        if not self.form_has_keys or self.form is None:
            self.app.layout.focus(self.prompt)
        elif self.form.wants_text:
            self.app.layout.focus(self.words)
        else:
            self.app.layout.focus(self._keys)
        self.redraw()

    @property
    def columns(self) -> int:
        """The terminal's width."""
        return (
            self.app.output.get_size().columns if self.app.is_running else shutil.get_terminal_size().columns
        )

    async def tick(self) -> None:
        """Keep what moves moving; runs until it is cancelled."""
        while True:
            await asyncio.sleep(_TICK)
            if self._view.activity() is not None:
                self.redraw()

    # --- layout -------------------------------------------------------------------------------------------

    def _build(self) -> FloatContainer:
        forming = Condition(lambda: self.form is not None)
        writing = Condition(lambda: self.form is not None and self.form.wants_text and self.form_has_keys)
        prompting = Condition(lambda: not self.form_has_keys)
        body = HSplit(
            [
                _lines(self._draw_live),
                _lines(self._draw_activity),
                _lines(self._draw_queued),
                Window(height=1),
                ConditionalContainer(Window(self._keys, dont_extend_height=True, wrap_lines=True), forming),
                ConditionalContainer(self._words_window(), writing),
                ConditionalContainer(self._prompt_window(), prompting),
                Window(FormattedTextControl(lambda: list(self._view.place(self.columns))), height=1),
            ]
        )
        menu = CompletionsMenu(max_height=_MENU, scroll_offset=1)
        return FloatContainer(body, [Float(menu, xcursor=True, ycursor=True)])

    def _prompt_window(self) -> Window:
        empty = Condition(lambda: not self.prompt.text)
        hint = ConditionalProcessor(BeforeInput([("class:placeholder", "Ask Claude · /help")]), empty)

        def height() -> Dimension:
            lines = min(self.prompt.document.line_count, _TALLEST_INPUT)
            menu = _MENU if self.prompt.complete_state is not None else 0
            return Dimension(min=lines + menu, max=_TALLEST_INPUT + menu)

        def prefix(line: int, wrap: int) -> StyleAndTextTuples:
            return [("class:prompt", PROMPT if line == 0 and wrap == 0 else "  ")]

        return Window(
            BufferControl(self.prompt, input_processors=[hint]),
            get_line_prefix=prefix,
            height=height,
            wrap_lines=True,
            dont_extend_height=True,
        )

    def _words_window(self) -> Window:
        def before() -> StyleAndTextTuples:
            return [("class:question", self.form.text_prompt if self.form is not None else "")]

        return Window(
            BufferControl(self.words, input_processors=[BeforeInput(before)]),
            height=Dimension(min=1, max=4),
            wrap_lines=True,
            dont_extend_height=True,
        )

    def _draw_live(self) -> StyleAndTextTuples:
        taken = 5 + min(self.prompt.document.line_count, _TALLEST_INPUT) + len(self._view.queued())
        taken += _MENU if self.prompt.complete_state is not None else 0
        taken += len(self.form.lines()) if self.form is not None else 0
        rows = get_app().output.get_size().rows - taken
        return to_formatted_text(ANSI("\n".join(self._view.live(max(rows, 1)))))

    def _draw_activity(self) -> StyleAndTextTuples:
        activity = self._view.activity()
        return [] if activity is None else [("", "\n"), *activity]

    def _draw_queued(self) -> StyleAndTextTuples:
        return [("class:queued", "\n".join(self._view.queued()))]

    def _draw_form(self) -> StyleAndTextTuples:
        form = self.form
        if form is None:
            return []
        fragments: StyleAndTextTuples = []
        for number, line in enumerate(form.lines()):
            fragments += [("", "\n")] if number else []
            fragments += line
        if form.behind:
            fragments.append(("class:hint", f" ({count(form.behind, 'more question')})"))
        if not self.form_has_keys:
            fragments.append(("class:hint", " (Tab to answer)"))
        return fragments

    @property
    def form_focused(self) -> Condition:
        """Keys answer the question."""
        return Condition(lambda: get_app().layout.has_focus(self._keys))

    @property
    def prompt_focused(self) -> Condition:
        """Keys write a prompt."""
        return Condition(lambda: get_app().layout.has_focus(self.prompt))

    @property
    def words_focused(self) -> Condition:
        """Keys write the words that a question wants."""
        return Condition(lambda: get_app().layout.has_focus(self.words))


def _lines(draw: Callable[[], StyleAndTextTuples]) -> ConditionalContainer:
    """A window as high as its text, or none at all."""
    control = FormattedTextControl(draw, get_cursor_position=lambda: Point(0, 0))
    window = Window(control, dont_extend_height=True, wrap_lines=False)
    return ConditionalContainer(window, Condition(lambda: any(text for _, text, *_ in draw())))


def _editing() -> KeyBindings:
    """Suspending, as in every shell."""
    bindings = KeyBindings()

    @bindings.add("c-z")
    def _suspend(_event: object) -> None:
        get_app().suspend_to_background()

    return bindings
