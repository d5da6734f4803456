"""`claude-remote` without a prompt on a terminal: a conversation. rich and prompt_toolkit are imported here
alone, and only when it begins."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs

from claude_remote.cli.print_mode.arguments import Arguments
from claude_remote.cli.terminal import Terminal
from claude_remote.client.client import Client
from claude_remote.messages import Target

if TYPE_CHECKING:
    from prompt_toolkit.input import Input
    from prompt_toolkit.output import Output


def interact(arguments: Arguments, terminal: Terminal) -> int:
    """Hold a conversation as the command line asks for; the exit code. Raises RemoteError."""
    from claude_remote.cli.interactive.picking import pick_session
    from claude_remote.cli.print_mode.arguments import check
    from claude_remote.cli.print_mode.conversing import FolderChoice
    from claude_remote.cli.reaching import reach_server
    from claude_remote.paths import find_paths

    server = arguments.reach.server
    check(structs.replace(arguments, resume=arguments.resume or None))
    with reach_server(arguments.reach, terminal) as client:
        folder = FolderChoice(arguments, client)
        target = Target(
            session=pick_session(client, terminal) if arguments.resume == "" else arguments.resume,
            latest=arguments.latest,
            fork=arguments.fork,
            name=arguments.name,
            cwd=folder.cwd,
            worktree=arguments.worktree,
            options=tuple(arguments.options),
        )
        return run(
            client,
            target=target,
            first_prompt=arguments.prompt or None,
            command=shlex.join(["claude-remote", *(["-s", server] if server else [])]),
            history=find_paths().state / "history",
            on_opened=folder.remember,
        )


def run(
    client: Client,
    *,
    target: Target,
    first_prompt: str | None = None,
    command: str = "claude-remote",
    history: Path | None = None,
    on_opened: Callable[[], None] | None = None,
    source: Input | None = None,
    sink: Output | None = None,
) -> int:
    """Talk with a session until the user leaves; the turn that runs then goes on. Returns the exit code.

    `target` says which session, or how to begin one; it is opened at once, so that its claude is ready.
    `command` is how this client was called, as far as it says which server; with `-r NAME` behind it, it is
    shown as the way back. `history` keeps what was typed (None: not beyond this run).
    `on_opened` is called when the session exists. `source` and `sink`
    are the terminal's if they are not given. Raises RemoteError when the session cannot be opened.
    """
    opened = client.open(
        session=target.session,
        latest=target.latest,
        fork=target.fork,
        name=target.name,
        cwd=target.cwd,
        worktree=target.worktree,
        options=target.options,
    )
    if on_opened is not None:
        on_opened()
    from claude_remote.cli.interactive.history import open_history
    from claude_remote.cli.interactive.session import Session
    from claude_remote.cli.ringing import is_wanted

    session = Session(
        client,
        opened,
        come_back=f"{command} -r {shlex.quote(opened.session.name or opened.session.id)}",
        history=open_history(history),
        first_prompt=first_prompt,
        colours=None if os.environ.get("NO_COLOR") else "standard",
        source=source,
        sink=sink if sink is not None else _make_output(),
        rings=is_wanted(),
    )
    return session.run()


def _make_output() -> Output | None:
    """The terminal, without asking it where its cursor is: everything stands right below what was printed."""
    if os.name == "nt":
        return None
    import sys

    from prompt_toolkit.data_structures import Size
    from prompt_toolkit.output.vt100 import Vt100_Output

    def size() -> Size:
        columns, rows = shutil.get_terminal_size()
        return Size(rows=rows, columns=columns)

    return Vt100_Output(sys.stdout, size, term=os.environ.get("TERM"), enable_cpr=False)
