"""The server as a process: what it says when it cannot start, and how it ends."""

import signal
import socket
import time
from pathlib import Path

import pytest

from claude_remote import fingerprints, processes
from claude_remote.paths import find_paths
from claude_remote_broker import zygote
from tests.broker.running_server import (
    RunningServer,
    run_command,
    server_environment,
    stand_in_claude,
)

pytestmark = pytest.mark.e2e


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return server_environment(tmp_path, CLAUDE_REMOTE_CLAUDE=str(stand_in_claude(tmp_path)))


def refused(environ: dict[str, str], *arguments: str) -> tuple[int, str]:
    """Start a server that must not come up: its exit code and its one line."""
    done = run_command(
        ["run", "--port", "0", "--address", "127.0.0.1", "--log-level", "error", *arguments], environ
    )
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert not zygote.find_family(find_paths(environ).zygote_socket)
    return done.returncode, lines[0]


def test_it_says_when_it_is_ready_and_sigterm_ends_it(environ: dict[str, str]) -> None:
    with RunningServer(environ, "--address", "127.0.0.1", "--port", "0") as server:
        assert server.where.startswith("127.0.0.1:")
        with socket.create_connection(("127.0.0.1", server.port), 5):
            pass
        assert run_command(["fingerprint"], environ).stdout.strip() == server.fingerprint
        family = zygote.find_family(server.paths.zygote_socket)
        assert family
        began = time.monotonic()
        assert server.stop(signal.SIGTERM) == 0
        assert time.monotonic() - began < 10
        assert not any(map(processes.is_alive, family))
    assert not server.paths.control_socket.exists()
    assert not server.paths.bus_socket.exists()


def test_options_without_a_command_run_the_server_and_ctrl_c_ends_it(environ: dict[str, str]) -> None:
    with RunningServer(environ, "-a", "127.0.0.1", "-p", "0", "--no-gui", "--workers", "1") as server:
        assert server.stop(signal.SIGINT) == 0


def test_a_unix_socket_instead_of_a_port(environ: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "door.sock"
    with RunningServer(environ, "--unix", str(path)) as server:
        assert server.where == f"unix:{path}"
        assert path.stat().st_mode & 0o077 == 0
    with RunningServer(environ, "--socket", str(path), "--port", "0", "-a", "127.0.0.1") as server:
        assert server.where.startswith("127.0.0.1:")
        assert server.where.endswith(f" and unix:{path}")
    assert not path.exists()


def test_a_second_server_is_refused_and_told_of_the_first(environ: dict[str, str]) -> None:
    with RunningServer(environ, "--address", "127.0.0.1", "--port", "0") as server:
        done = run_command(["run", "--port", "0"], environ)
        assert done.returncode == 3
        assert f"pid {server.process.pid}, listening on {server.where}" in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_a_port_in_use(environ: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, line = refused(environ, "--port", str(port))
    assert code == 3
    assert f"127.0.0.1 port {port}" in line
    assert "--port" in line


def test_no_claude(environ: dict[str, str]) -> None:
    code, line = refused(environ, "--claude", "/nowhere/claude")
    assert code == 2
    assert "/nowhere/claude" in line


def test_claude_not_logged_in(environ: dict[str, str], tmp_path: Path) -> None:
    stand_in_claude(tmp_path, logged_in=False)
    code, line = refused(environ)
    assert code == 2
    assert "claude-remote-server login" in line


def test_a_key_that_cannot_be_read(environ: dict[str, str]) -> None:
    run_command(["fingerprint"], environ)
    key = find_paths(environ).server_key
    key.unlink()
    key.mkdir()  # even root cannot read it
    code, line = refused(environ)
    assert code == 2
    assert str(key) in line


def test_a_bad_env_file_is_named_with_its_line(environ: dict[str, str]) -> None:
    path = find_paths(environ).environment
    path.parent.mkdir(parents=True)
    path.write_text("A=1\nsk-secret\n")
    code, line = refused(environ)
    assert code == 2
    assert f"{path}, line 2" in line
    assert "secret" not in line


def test_a_broken_trust_store(environ: dict[str, str]) -> None:
    path = find_paths(environ).trusted_clients
    path.parent.mkdir(parents=True)
    path.write_text("[clients\n")
    code, line = refused(environ)
    assert code == 2
    assert str(path) in line


def test_a_journal_of_a_newer_version(environ: dict[str, str]) -> None:
    import sqlite3

    with RunningServer(environ, "--address", "127.0.0.1", "--port", "0") as server:
        pass
    connection = sqlite3.connect(server.paths.journal)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    code, line = refused(environ)
    assert code == 2
    assert str(server.paths.journal) in line


def test_a_folder_that_does_not_exist(environ: dict[str, str]) -> None:
    done = run_command(["run", "--cwd", "/nowhere/at/all"], environ)
    assert done.returncode == 2
    assert "/nowhere/at/all" in done.stderr


def test_after_sigkill_the_next_server_takes_the_state_and_the_zygote_over(environ: dict[str, str]) -> None:
    with RunningServer(environ, "--address", "127.0.0.1", "--port", "0") as server:
        before = zygote.find_family(server.paths.zygote_socket)
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
        assert zygote.find_family(server.paths.zygote_socket) == before
        fingerprint = server.fingerprint
        server.start()
        assert server.fingerprint == fingerprint
        assert zygote.find_family(server.paths.zygote_socket) == before


def test_systemd_is_told(environ: dict[str, str], tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        told = environ | {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"}
        with RunningServer(told, "--address", "127.0.0.1", "--port", "0") as server:
            words = systemd.recv(4096).decode()
            ready = f"READY=1\nMAINPID={server.process.pid}\nSTATUS=listening on {server.where}, up to "
            assert words.startswith(ready)
            assert systemd.recv(4096) == b"WATCHDOG=1"
            assert systemd.recv(4096) == b"WATCHDOG=1"
            server.stop()
            while not (last := systemd.recv(4096)).startswith(b"STOPPING=1"):
                assert last == b"WATCHDOG=1"


def test_the_ready_line_is_not_lost_in_a_log(environ: dict[str, str]) -> None:
    with RunningServer(environ, "--address", "127.0.0.1", "--port", "0", "--log-level", "debug") as server:
        assert server.process.poll() is None
    assert fingerprints.PREFIX not in server.log.read_text()
