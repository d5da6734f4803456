"""A command line without a command: one prompt, or the interactive mode."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from claude_remote.cli.print_mode.arguments import Arguments, check, parse
from claude_remote.cli.terminal import Terminal, escape
from claude_remote.errors import BadOption, ClaudeFailed, Exit
from claude_remote.rights import Right

if TYPE_CHECKING:
    from claude_remote.cli.print_mode.streamed import Prompted
    from claude_remote.cli.print_mode.writers import Writer
    from claude_remote.client.client import Client
    from claude_remote.client.turn import Turn

# How long a broken connection is made again when no --timeout says how long the turn may take.
_PATIENCE = 120.0


def converse(words: list[str], terminal: Terminal) -> int:
    """Do what the command line asks for; the exit code. Raises RemoteError."""
    arguments = parse(words)
    if arguments.help:
        from claude_remote.cli.help import HELP

        terminal.write(HELP.encode())
        return 0
    if arguments.version:
        from claude_remote.version import VERSION

        terminal.print(f"claude-remote {VERSION}")
        return 0
    # As claude does it: without a terminal to draw on, it prints.
    if arguments.background:
        return prompt_and_leave(arguments, terminal)
    if arguments.print or not terminal.shows_output:
        return prompt_once(arguments, terminal)
    if arguments.input_format != "text":
        raise BadOption("--input-format stream-json is for -p")
    if not terminal.types_input:
        raise BadOption("standard input is not a terminal; to prompt once, add -p")
    from claude_remote.cli.interactive import interact

    return interact(arguments, terminal)


def prompt_once(arguments: Arguments, terminal: Terminal) -> int:
    """Print mode: one prompt, or those that are streamed in. Raises RemoteError."""
    from claude_remote.cli.print_mode.prompt_text import gather
    from claude_remote.cli.print_mode.streamed import Prompted, read_prompts
    from claude_remote.cli.reaching import reach_server

    check(arguments)
    if arguments.input_format == "text":
        text = gather(arguments.prompt, terminal)
        with reach_server(arguments.reach, terminal) as client:
            return Prompting(arguments, terminal, client).run(Prompted(text))
    with reach_server(arguments.reach, terminal) as client, open(0, "rb", closefd=False) as stdin:
        prompting = Prompting(arguments, terminal, client)
        code = 0
        for prompted in read_prompts(stdin, terminal.write):
            try:
                code = prompting.run(prompted)
            except ClaudeFailed as error:
                # As claude: its result has said so, and there may be another prompt.
                terminal.fail(error.message)
                code = error.exit_code
            if code == Exit.INTERRUPTED:
                break
        return code


class Prompting:
    """Prompts of one command line: the first one where it says, each after it in the same session."""

    def __init__(self, arguments: Arguments, terminal: Terminal, client: Client) -> None:
        self._arguments = arguments
        self._terminal = terminal
        self._client = client
        self._folder = FolderChoice(arguments, client)
        self._session: str | None = None
        self._asks = terminal.can_ask

    def run(self, prompted: Prompted) -> int:
        """Follow one to its end; its exit code. Raises what Following.run raises."""
        from claude_remote.cli.print_mode.following import Following
        from claude_remote.cli.print_mode.narrator import Narrator
        from claude_remote.cli.print_mode.writers import TextWriter
        from claude_remote.cli.ringing import make_ringing

        arguments, terminal = self._arguments, self._terminal
        writer = self._writer()
        narrator = Narrator(
            terminal,
            verbose=arguments.verbose and arguments.output_format == "text",
            server=self._client.name,
            folder=self._folder.cwd,
            before=writer.end_line if isinstance(writer, TextWriter) else _nothing,
        )
        following = Following(
            lambda: self._begin(prompted),
            terminal,
            writer,
            narrator,
            policy=arguments.on_approval or ("wait" if self._asks else "deny"),
            asks=self._asks,
            may_decide=Right.APPROVE in self._client.rights,
            on_accepted=self._folder.remember,
            ringing=make_ringing(terminal),
        )
        try:
            return following.run(arguments.timeout)
        finally:
            self._session = following.session or self._session

    def _begin(self, prompted: Prompted) -> Turn:
        arguments = self._arguments
        patience = arguments.timeout or _PATIENCE
        if self._session is not None:
            return self._client.prompt(
                prompted.text, id=prompted.id, session=self._session, patience=patience
            )
        return self._client.prompt(
            prompted.text,
            id=prompted.id,
            session=arguments.resume,
            latest=arguments.latest,
            fork=arguments.fork,
            name=arguments.name,
            cwd=self._folder.cwd,
            worktree=arguments.worktree,
            options=arguments.options,
            patience=patience,
        )

    def _writer(self) -> Writer:
        from claude_remote.cli.print_mode.writers import (
            AnswerWriter,
            JsonWriter,
            StreamJsonWriter,
            TextWriter,
        )

        arguments, terminal = self._arguments, self._terminal
        match arguments.output_format:
            case "json":
                return JsonWriter(terminal, verbose=arguments.verbose)
            case "stream-json":
                return StreamJsonWriter(terminal, partial=arguments.partial, replay=arguments.replay)
            case _:
                return TextWriter(terminal) if terminal.shows_output else AnswerWriter(terminal)


def prompt_and_leave(arguments: Arguments, terminal: Terminal) -> int:
    """`--bg`: the prompt is recorded and runs; print the session's name and id. Raises RemoteError."""
    import shlex

    from claude_remote.cli.print_mode.prompt_text import gather
    from claude_remote.cli.reaching import reach_server
    from claude_remote.cli.steering import as_json

    check(arguments)
    text = gather(arguments.prompt, terminal)
    with reach_server(arguments.reach, terminal) as client:
        folder = FolderChoice(arguments, client)
        sent = client.send(
            text,
            session=arguments.resume,
            latest=arguments.latest,
            fork=arguments.fork,
            name=arguments.name,
            cwd=folder.cwd,
            worktree=arguments.worktree,
            options=arguments.options,
        )
        folder.remember()
    if arguments.output_format == "json":
        terminal.write(as_json(sent) + b"\n")
    else:
        terminal.print(f"{escape(sent.session.name)} {sent.session.id}")
        if terminal.shows_errors:
            hint = f"claude-remote attach {shlex.quote(sent.session.name)}"
            terminal.say(terminal.paint(f"it runs by itself; to see it: {escape(hint)}", "2"))
    return 0


class FolderChoice:
    """The server's folder that is meant: -C, else the one last used from this folder here on that server."""

    def __init__(self, arguments: Arguments, client: Client) -> None:
        from claude_remote.config import FolderMemory
        from claude_remote.paths import find_paths

        self._memory = FolderMemory(find_paths().folders)
        self._here = Path.cwd()
        self._server = client.fingerprint
        self._said = arguments.cwd
        self.cwd = arguments.cwd if arguments.cwd is not None else self._memory.get(self._here, self._server)

    def remember(self) -> None:
        """The server has taken it, so it exists: remember it if it was said."""
        if self._said is not None:
            self._memory.remember(self._here, self._server, self._said)


def _nothing() -> None:
    pass
