"""The options of the server, shared by `run` and `service install`."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import click

from claude_remote.messages import DEFAULT_PORT
from claude_remote_broker.cli.values import DurationType, ScaleType
from claude_remote_broker.settings import ANY_ADDRESS, DEFAULT_DAYS, DEFAULT_SIZE, Settings

P = ParamSpec("P")
R = TypeVar("R")

_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([KMGT]?)(?:I?B)?", re.IGNORECASE)


def _read_size(_ctx: click.Context, _param: click.Parameter, value: str) -> int:
    """Bytes, with or without a unit: 1000000, 500M, 1.5 GiB."""
    found = _SIZE.fullmatch(value.replace(" ", ""))
    if found is None:
        raise click.BadParameter(f"{value!r} is no size such as 500M or 4G")
    return int(float(found[1]) * _UNITS[found[2].upper()])


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
    click.option(
        "--keep-days",
        type=click.FloatRange(min=0),
        metavar="DAYS",
        default=DEFAULT_DAYS,
        help="Sessions that nobody used for so long are removed; 0: never.  [default: 90]",
    ),
    click.option(
        "--keep-size",
        callback=_read_size,
        metavar="SIZE",
        default=str(DEFAULT_SIZE),
        help="What the journal may take, as 500M or 4G; the oldest sessions at rest make room; 0: no limit."
        "  [default: 4G]",
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
