"""The command `claude-remote-server`: the server itself, and what its owner does beside it."""

from __future__ import annotations

import errno
import sys

import click

from claude_remote.version import VERSION
from claude_remote_broker.cli.lazy import LazyGroup

_HERE = "claude_remote_broker.cli"


@click.group(
    cls=LazyGroup,
    default="run",
    lazy={
        "run": f"{_HERE}.run:run",
        "clients": f"{_HERE}.clients:clients",
        "audit": f"{_HERE}.audit:audit",
        "fingerprint": f"{_HERE}.fingerprint:fingerprint",
        "login": f"{_HERE}.login:login",
        "restart": f"{_HERE}.restart:restart",
        "service": f"{_HERE}.service:service",
        "status": f"{_HERE}.status:status",
        "update": f"{_HERE}.update:update",
        "workers": f"{_HERE}.workers:workers",
    },
    context_settings={"help_option_names": ["--help", "-h"]},
    epilog="Without a command it runs the server: see `claude-remote-server run --help` for its options.",
)
@click.version_option(VERSION, prog_name="claude-remote-server")
def program() -> None:
    """Let your other machines use the Claude Code of this one.

    \b
    The first ten minutes:
      claude-remote-server service install    start it now and at every boot
      claude-remote-server fingerprint        what to trust on the other machine
      claude-remote-server clients approve    let the machine in that asks
    """


def main(arguments: list[str] | None = None) -> int:
    """Run it. Returns the exit code; what goes wrong is one line on stderr."""
    from claude_remote.errors import RemoteError
    from claude_remote_broker.failure import Failure

    try:
        result = program.main(arguments, prog_name="claude-remote-server", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except (Failure, RemoteError) as error:
        click.echo(f"claude-remote-server: {error.message}", err=True)
        return int(error.exit_code)
    except BrokenPipeError:
        # Whoever read us has gone; Python would complain once more when it flushes at exit.
        sys.stdout = None
        return 1
    except OSError as error:
        if error.errno != errno.ENOSPC or error.filename is not None:
            raise
        sys.stdout = None
        click.echo(f"claude-remote-server: cannot write standard output: {error.strerror}", err=True)
        return 2
    return result if isinstance(result, int) else 0
