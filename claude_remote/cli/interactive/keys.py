"""What the keys do, beyond editing a line."""

from __future__ import annotations

from typing import Protocol

from prompt_toolkit.application.current import get_app
from prompt_toolkit.filters import Condition, completion_is_selected, has_completions
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys

from claude_remote.cli.interactive.screen import Screen

HELP = """\
Enter sends; Alt-Enter, Ctrl-J or a \\ before Enter begins a new line.
@ completes files of the session's folder, / the commands.
Shift-Tab goes through the modes: asks first, edits pass, plan.
Ctrl-O opens what Claude asks in other sessions.
Ctrl-C interrupts the turn and takes back what waits; twice leaves.
Ctrl-D, /exit or /quit leaves; a running turn goes on.
Every other command is claude's own: /compact, /clear, /context, /model, …"""


class Actions(Protocol):
    """What keys can bring about."""

    @property
    def busy(self) -> bool:
        """Whether there is something to stop."""

    def submit(self, text: str) -> None:
        """Prompt, or carry out a command of ours."""

    def stop(self) -> None:
        """Ctrl-C: interrupt, or leave."""

    def leave(self) -> None:
        """Leave; what runs goes on."""

    def next_mode(self) -> None:
        """The next permission mode."""

    def answer(self) -> None:
        """Turn to the question at the bottom."""

    def look_elsewhere(self) -> None:
        """Open a question of another session."""

    def press(self, key: str) -> None:
        """A key for the question at the bottom."""

    def write(self, text: str) -> None:
        """The words for the question at the bottom."""


def make_bindings(screen: Screen, actions: Actions) -> KeyBindings:
    """The keys of the interactive mode."""
    keys = KeyBindings()
    _add_general(keys, screen, actions)
    _add_prompt(keys, screen, actions)
    _add_form(keys, screen, actions)
    return keys


def _add_general(keys: KeyBindings, screen: Screen, actions: Actions) -> None:
    @keys.add("c-c")
    @keys.add("<sigint>")
    def _stop(_event: KeyPressEvent) -> None:
        if screen.words_focused() and screen.form is not None:
            screen.form.cancel_text()
            screen.give_keys(to_form=True)
        elif screen.prompt_focused() and screen.prompt.text and not actions.busy:
            screen.prompt.reset()
        else:
            actions.stop()

    @keys.add("c-d", filter=Condition(lambda: not screen.prompt.text))
    def _leave(_event: KeyPressEvent) -> None:
        actions.leave()

    @keys.add("c-o")
    def _elsewhere(_event: KeyPressEvent) -> None:
        actions.look_elsewhere()

    @keys.add("s-tab", filter=~has_completions)
    def _mode(_event: KeyPressEvent) -> None:
        actions.next_mode()


def _add_prompt(keys: KeyBindings, screen: Screen, actions: Actions) -> None:
    here = screen.prompt_focused
    waiting = Condition(lambda: screen.form is not None and not screen.prompt.text)

    @keys.add("enter", filter=here & completion_is_selected)
    def _take_completion(_event: KeyPressEvent) -> None:
        screen.prompt.complete_state = None

    @keys.add("enter", filter=here & ~completion_is_selected)
    def _enter(_event: KeyPressEvent) -> None:
        buffer = screen.prompt
        if buffer.document.text_before_cursor.endswith("\\"):
            buffer.delete_before_cursor()
            buffer.insert_text("\n")
            return
        text = buffer.text
        if not text.strip():
            return
        buffer.append_to_history()
        buffer.reset()
        actions.submit(text)

    @keys.add("escape", "enter", filter=here)
    @keys.add("c-j", filter=here)
    def _newline(_event: KeyPressEvent) -> None:
        screen.prompt.insert_text("\n")

    @keys.add("tab", filter=here & waiting)
    def _answer(_event: KeyPressEvent) -> None:
        actions.answer()

    @keys.add("escape", filter=here & has_completions)
    def _close_menu(_event: KeyPressEvent) -> None:
        screen.prompt.cancel_completion()

    @keys.add(Keys.BracketedPaste, filter=here)
    def _paste(event: KeyPressEvent) -> None:
        text = event.data.replace("\r\n", "\n").replace("\r", "\n")
        screen.prompt.insert_text(text)


def _add_form(keys: KeyBindings, screen: Screen, actions: Actions) -> None:
    here = screen.form_focused

    @keys.add(Keys.Any, filter=here)
    def _press(event: KeyPressEvent) -> None:
        actions.press(event.data)

    @keys.add("enter", filter=here)
    def _enter(_event: KeyPressEvent) -> None:
        actions.press("enter")

    @keys.add("tab", filter=here)
    @keys.add("escape", filter=here)
    def _later(_event: KeyPressEvent) -> None:
        screen.give_keys(to_form=False)

    @keys.add(Keys.BracketedPaste, filter=here)
    def _ignore(_event: KeyPressEvent) -> None:
        """What is pasted decides nothing."""

    @keys.add("enter", filter=screen.words_focused)
    def _write(_event: KeyPressEvent) -> None:
        text = screen.words.text
        screen.words.reset()
        actions.write(text)

    @keys.add("escape", filter=screen.words_focused)
    def _back(_event: KeyPressEvent) -> None:
        if screen.form is not None:
            screen.form.cancel_text()
        screen.words.reset()
        screen.give_keys(to_form=True)
        get_app().invalidate()
