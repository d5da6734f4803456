"""`service` and `login` as commands, with stand-ins for systemd and claude."""

import json
import shlex
from pathlib import Path

import pytest

from tests.broker.running_server import run_command, server_environment, stand_in_claude

pytestmark = pytest.mark.e2e


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return server_environment(tmp_path, CLAUDE_REMOTE_CLAUDE=str(stand_in_claude(tmp_path)))


def with_systemd(environ: dict[str, str], folder: Path) -> dict[str, str]:
    folder.mkdir()
    for name in ("systemctl", "loginctl"):
        path = folder / name
        path.write_text(f'#!/bin/sh\necho {name} "$@" >> {shlex.quote(str(folder / "calls"))}\n')
        path.chmod(0o755)
    return environ | {"PATH": f"{folder}:{environ['PATH']}"}


def test_install_where_systemd_is(environ: dict[str, str], tmp_path: Path) -> None:
    environ = with_systemd(environ, tmp_path / "bin")
    done = run_command(["service", "install", "--port", "7444", "--cwd", str(tmp_path)], environ)
    assert done.returncode == 0, done.stderr
    unit = tmp_path / ".config/systemd/user/claude-remote-server.service"
    fingerprint = run_command(["fingerprint"], environ).stdout.strip()
    assert "✓ claude is logged in" in done.stdout
    assert "✓ starts at boot" in done.stdout
    assert f":7444 --fingerprint {fingerprint}\n" in done.stdout
    text = unit.read_text()
    (start,) = [line for line in text.splitlines() if line.startswith("ExecStart=")]
    assert start.startswith("ExecStart=/")
    assert start.endswith(f" run --port 7444 --cwd {tmp_path}")
    assert f"Environment=CLAUDE_REMOTE_HOME={environ['CLAUDE_REMOTE_HOME']}\n" in text
    gone = run_command(["service", "uninstall"], environ)
    assert gone.returncode == 0
    assert not unit.exists()
    assert run_command(["service", "uninstall"], environ).stdout == "no service is installed\n"


def test_install_where_systemd_is_not(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    without = environ | {"PATH": str(tmp_path / "empty")}
    done = run_command(["service", "install"], without)
    unit = tmp_path / ".config/systemd/user/claude-remote-server.service"
    assert done.returncode == 3
    assert f"✓ service written: {unit}" in done.stdout
    assert "✗ not started: this machine has no systemctl" in done.stderr
    assert "Start it by hand: /" in done.stderr
    status = run_command(["service", "status", "--json"], without)
    assert status.returncode == 3
    assert json.loads(status.stdout) == {
        "unit": str(unit),
        "installed": True,
        "enabled": None,
        "active": None,
        "lingers": None,
        "running": False,
        "address": None,
    }
    assert run_command(["service", "uninstall"], without).returncode == 3
    assert not unit.exists()


def test_install_refuses_a_claude_that_is_not_logged_in(environ: dict[str, str], tmp_path: Path) -> None:
    stand_in_claude(tmp_path, logged_in=False)
    done = run_command(["service", "install"], with_systemd(environ, tmp_path / "bin"))
    assert done.returncode == 2
    assert "claude-remote-server login" in done.stderr
    assert not (tmp_path / ".config/systemd").exists()


def test_login_runs_claudes_own_login_in_the_servers_environment(
    environ: dict[str, str], tmp_path: Path
) -> None:
    claude = tmp_path / "claude"
    claude.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        "-v) echo 9.9.9;;\n"
        '"auth login") echo "logging in with $TOKEN"; touch "$HOME/logged-in";;\n'
        '"auth status") test -e "$HOME/logged-in";;\n'
        "esac\n"
    )
    config = Path(environ["CLAUDE_REMOTE_HOME"]) / "config"
    config.mkdir(parents=True)
    (config / "env").write_text("TOKEN=t-1\n")
    done = run_command(["login"], environ)
    assert done.returncode == 0
    assert done.stdout == "logging in with t-1\n✓ claude is logged in\n"
