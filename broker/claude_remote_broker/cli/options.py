"""The options of the server, shared by `run` and `service install`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import click

from claude_remote.messages import DEFAULT_PORT
from claude_remote_broker.cli.values import DurationType, ScaleType
from claude_remote_broker.settings import ANY_ADDRESS, Settings

P = ParamSpec("P")
R = TypeVar("R")

_OPTIONS = (
    click.option(
        "-a", "--address", metavar="ADDRESS", help=f"Listen on this address.  [default: {ANY_ADDRESS}]"
    ),
    click.option(
        "-p",
        "--port",
        type=click.IntRange(0, 65535),
        metavar="PORT",
        help=f"Listen on this port; 0 picks a free one.  [default: {DEFAULT_PORT}]",
    ),
    click.option(
        "--unix",
        "--socket",
        "unix",
        type=click.Path(path_type=Path),
        metavar="PATH",
        help="Listen on this unix socket, with the same TLS; instead of TCP unless -a or -p is given too.",
    ),
    click.option(
        "--workers",
        type=ScaleType(),
        metavar="N|MIN:MAX",
        help="At most MAX claudes at once; other prompts wait. MIN of the idle ones are kept, the others are "
        "parked after --idle; N is 0:N.  [default: by cores and memory]",
    ),
    click.option(
        "--idle",
        type=DurationType(),
        default="10m",
        show_default=True,
        metavar="TIME",
        help="Park a claude that has been idle for so long (90s, 10m, 2h, never) and has no tasks in the "
        "background; the next prompt resumes it.",
    ),
    click.option(
        "--warm",
        type=click.IntRange(0, 64),
        default=1,
        show_default=True,
        metavar="N",
        help="Keep so many claudes ready for new sessions in the folder and with the options used last.",
    ),
    click.option(
        "--claude",
        metavar="PATH",
        help="The claude to run, instead of CLAUDE_REMOTE_CLAUDE, the one on PATH, or claude-agent-sdk's.",
    ),
    click.option(
        "-C",
        "--cwd",
        type=click.Path(path_type=Path, exists=True, file_okay=False, resolve_path=True),
        metavar="DIR",
        help="Where sessions start unless they say otherwise.  [default: home]",
    ),
    click.option("--no-gui", "window", is_flag=True, flag_value=False, default=True, help="No window."),
    click.option(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"]),
        default="info",
        show_default=True,
        help="How much is told on stderr.",
    ),
)


def server_options(command: Callable[Concatenate[Settings, P], R]) -> Callable[P, R]:
    """Give a command all of them, as one Settings."""

    @wraps(command)
    def with_settings(*args: P.args, **kwargs: P.kwargs) -> R:
        names = Settings.__dataclass_fields__.keys()
        given = {name: kwargs.pop(name) for name in names}
        return command(Settings(**given), *args, **kwargs)  # type: ignore[arg-type]

    decorated = with_settings
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated
