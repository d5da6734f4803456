import shlex
from pathlib import Path

import pytest

from claude_remote_broker.failure import Failure
from claude_remote_broker.service import UNIT, Service, SystemdMissing, unit_text


def fake_systemd(folder: Path, systemctl: str = "", loginctl: str = "") -> dict[str, str]:
    """A PATH with stand-ins that write down how they were called: systemd itself is not on every machine."""
    folder.mkdir()
    for name, text in (("systemctl", systemctl), ("loginctl", loginctl)):
        path = folder / name
        path.write_text(f'#!/bin/sh\necho {name} "$@" >> {shlex.quote(str(folder / "calls"))}\n{text}\n')
        path.chmod(0o755)
    return {"PATH": f"{folder}:/bin:/usr/bin", "XDG_CONFIG_HOME": str(folder / "config")}


def calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text().splitlines()


def test_the_unit() -> None:
    text = unit_text(
        ["/opt/my tools/claude-remote-server", "run", "--cwd", "/data/100%/$HOME", "-p", "7433"],
        ["/opt/my tools/claude-remote-server", "restart"],
        {"PATH": "/bin:/opt/a b", "CLAUDE_REMOTE_HOME": "/h", "ANTHROPIC_API_KEY": "sk-secret"},
    )
    assert 'ExecStart="/opt/my tools/claude-remote-server" run --cwd "/data/100%%/$$HOME" -p 7433\n' in text
    assert 'Environment="PATH=/bin:/opt/a b"\nEnvironment=CLAUDE_REMOTE_HOME=/h\nKillMode=process\n' in text
    assert "\nRestartKillSignal=SIGUSR1\n" in text  # `systemctl restart` ends no turn
    assert '\nExecReload="/opt/my tools/claude-remote-server" restart\n' in text
    assert "Type=notify\n" in text
    assert "WantedBy=default.target\n" in text
    assert "secret" not in text


def test_a_unit_file_cannot_be_injected_into() -> None:
    with pytest.raises(Failure):
        unit_text(["/bin/x", "a\nExecStartPre=/bin/evil"], ["/bin/x"], {})


def test_installing_starting_and_removing(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    environ = fake_systemd(folder, "echo ActiveState=active; echo UnitFileState=enabled", "echo Linger=yes")
    service = Service(environ)
    service.write(["/bin/claude-remote-server", "run"], ["/bin/claude-remote-server", "restart"])
    service.start()
    assert service.linger()
    state = service.state()
    assert (state.installed, state.enabled, state.active, state.lingers) == (True, True, "active", True)
    assert service.remove()
    assert not service.unit.exists()
    assert not service.remove()
    assert [call for call in calls(folder) if "show" not in call and "linger" not in call] == [
        "systemctl --user daemon-reload",
        f"systemctl --user enable {UNIT}",
        f"systemctl --user restart {UNIT}",
        f"systemctl --user disable --now {UNIT}",
        "systemctl --user daemon-reload",
    ]


@pytest.mark.parametrize(
    ("lingers", "may", "will"), [("yes", 1, True), ("no", 0, True), ("no", 1, False), ("yes", 0, True)]
)
def test_whether_it_starts_at_boot(tmp_path: Path, lingers: str, may: int, *, will: bool) -> None:
    """An administrator may have switched on what the user is not allowed to."""
    answers = f'test "$1" = enable-linger && exit {may}; echo Linger={lingers}'
    assert Service(fake_systemd(tmp_path / "bin", loginctl=answers)).linger() is will


def test_a_service_that_does_not_come_up_says_where_to_look(tmp_path: Path) -> None:
    environ = fake_systemd(
        tmp_path / "bin", 'test "$2" = restart && { echo "Job failed." >&2; exit 1; }; exit 0'
    )
    service = Service(environ)
    service.write(["/bin/x"], ["/bin/x"])
    with pytest.raises(Failure, match=r"restart.*Job failed\.; look at: journalctl --user -u"):
        service.start()


def test_a_machine_without_systemd(tmp_path: Path) -> None:
    environ = {"PATH": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    service = Service(environ)
    service.write(["/bin/x"], ["/bin/x"])
    with pytest.raises(SystemdMissing, match="no systemctl"):
        service.start()
    assert not service.linger()
    state = service.state()
    assert (state.installed, state.enabled, state.active, state.lingers) == (True, None, None, None)


def test_systemd_that_cannot_be_reached_leaves_no_unit_behind_on_removal(tmp_path: Path) -> None:
    environ = fake_systemd(
        tmp_path / "bin", 'echo "Failed to connect to user scope bus via local transport" >&2; exit 1'
    )
    service = Service(environ)
    service.write(["/bin/x"], ["/bin/x"])
    with pytest.raises(SystemdMissing, match="cannot be reached"):
        service.start()
    with pytest.raises(SystemdMissing):
        service.remove()
    assert not service.unit.exists()
