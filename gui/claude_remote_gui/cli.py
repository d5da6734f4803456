"""The command `claude-remote-gui`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from claude_remote.errors import Exit
from claude_remote.paths import find_paths
from claude_remote.version import VERSION
from claude_remote_gui.display import why_no_display

# What a fresh Debian lacks.
_PACKAGES = (
    "libgl1 libegl1 libxkbcommon0 libfontconfig1 libglib2.0-0 libdbus-1-3"
    " libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0"
)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-s", "--server", "servers", multiple=True, help="A server, by name or address; give several.")
@click.option(
    "--screenshot",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write every view, light and dark, with made-up contents into this folder, and end.",
)
@click.version_option(VERSION, message="%(version)s")
def command(servers: Sequence[str], screenshot: Path | None) -> None:
    """Approvals, sessions and activity of your Claude Code servers in one window.

    Without --server: the server of this machine, or your default one.
    """
    if screenshot is not None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    elif why := why_no_display(os.environ):
        click.echo(f"claude-remote-gui: {why}", err=True)
        sys.exit(Exit.USAGE)
    try:
        from claude_remote_gui import application
    except ImportError as error:
        if isinstance(error, ModuleNotFoundError):
            raise  # a package of Python: claude_remote.entry names it
        click.echo(f"claude-remote-gui: Qt cannot be loaded ({error}); apt install {_PACKAGES}", err=True)
        sys.exit(Exit.USAGE)
    if screenshot is not None:
        from claude_remote_gui import screenshots

        sys.exit(screenshots.write(screenshot))
    program = application.create(sys.argv)
    sys.exit(application.run(program, application.open_window(find_paths(), servers)))


def main() -> int:
    """The entry point; click ends the process."""
    command.main(prog_name="claude-remote-gui")
    return Exit.OK
