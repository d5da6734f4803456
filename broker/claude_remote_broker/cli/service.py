"""`claude-remote-server service`: start at boot, by systemd."""

from __future__ import annotations

import os
from collections.abc import Mapping

import click

from claude_remote import identity
from claude_remote.paths import Paths, find_paths
from claude_remote_broker.cli.options import server_options
from claude_remote_broker.hints import add_line
from claude_remote_broker.service import Service, ServiceState, SystemdMissing, own_command
from claude_remote_broker.settings import Settings

_NO_SYSTEMD = 3


@click.group(short_help="Start the server at boot, by systemd.")
def service() -> None:
    """Run the server as a systemd service of this user: now, and at every boot."""


@service.command()
@server_options
def install(settings: Settings) -> int:
    """Write the service and start it.

    The options are those of `claude-remote-server run`, and become part of the service. Secrets (tokens,
    proxies with passwords) belong into the file `env` of the configuration folder.
    """
    from claude_remote_broker.claude_program import find_ready_claude
    from claude_remote_broker.environment import claude_environment

    paths = find_paths()
    environment = claude_environment(os.environ, paths.environment)
    program = find_ready_claude(settings.claude, environment, paths)
    own = identity.load_or_create(paths.server_key, paths.server_certificate)
    click.echo(f"✓ claude is logged in ({program.version})")
    systemd = Service(os.environ)
    systemd.write([*own_command(), "run", *settings.arguments()], [*own_command(), "restart"])
    click.echo(f"✓ service written: {systemd.unit}")
    try:
        systemd.start()
    except SystemdMissing as error:
        click.echo(f"✗ not started: {error.message}.", err=True)
        click.echo(
            f"  Start it by hand: {' '.join([*own_command(), 'run', *settings.arguments()])}", err=True
        )
        return _NO_SYSTEMD
    if systemd.linger():
        click.echo("✓ starts at boot")
    else:
        user = os.environ.get("USER", "YOU")
        click.echo(
            f"✗ runs only while you are logged in: linger could not be enabled; an administrator can: "
            f"loginctl enable-linger {user}",
            err=True,
        )
    click.echo(f"✓ listening on {_runs(paths)}")
    if settings.tcp is not None:
        click.echo(add_line(own.fingerprint, settings.tcp[1]))
    return 0


@service.command()
def uninstall() -> int:
    """Stop the service and remove it. Clients, keys and sessions stay."""
    systemd = Service(os.environ)
    try:
        existed = systemd.remove()
    except SystemdMissing as error:
        click.echo(f"✓ removed {systemd.unit}")
        click.echo(f"  {error.message}: a server that runs was not stopped", err=True)
        return _NO_SYSTEMD
    click.echo(f"✓ stopped and removed {systemd.unit}" if existed else "no service is installed")
    return 0


@service.command()
@click.option("--json", "as_json", is_flag=True, help="An object, for programs.")
def status(*, as_json: bool) -> int:
    """Show whether the service is installed and runs. Exit code 0 if it runs, else 3."""
    state = Service(os.environ).state()
    running = _runs(find_paths())
    if as_json:
        import json

        fields: Mapping[str, object] = {
            "unit": str(state.unit),
            "installed": state.installed,
            "enabled": state.enabled,
            "active": state.active,
            "lingers": state.lingers,
            "running": running is not None,
            "address": running or None,
        }
        click.echo(json.dumps(fields, indent=2))
    else:
        for line in _describe(state, running):
            click.echo(line)
    return 0 if running is not None else 3


def _runs(paths: Paths) -> str | None:
    """Where the server of this state listens; None when none runs."""
    from claude_remote_broker.state_lock import read_holder

    holder = read_holder(paths.lock)
    return None if holder is None else holder.address


def _describe(state: ServiceState, running: str | None) -> list[str]:
    unknown = "unknown (systemd of this user cannot be asked)"
    lines = [
        f"service:  {state.unit}" if state.installed else "service:  not installed",
        f"at boot:  {unknown if state.enabled is None else 'yes' if state.enabled else 'no'}",
        f"systemd:  {state.active or unknown}",
    ]
    if state.lingers is False and state.enabled:
        lines.append("          only while you are logged in; loginctl enable-linger changes that")
    lines.append(f"server:   {'not running' if running is None else running or 'starting'}")
    return lines
