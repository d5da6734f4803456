"""The server as a systemd user service: the unit's text, and installing it.

systemd.service(5) and systemd.exec(5) say what the settings mean. KillMode=process: the server ends what is
below it itself, and what it leaves running on purpose is not systemd's to kill. RestartKillSignal (systemd
244 and later, systemd.kill(5)): `systemctl restart` ends no turn; older ones end the server as `stop` does.
"""

from __future__ import annotations

import getpass
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from claude_remote import files
from claude_remote.paths import find_paths
from claude_remote.versions import Versions
from claude_remote_broker.failure import Failure

UNIT = "claude-remote-server.service"
_TIMEOUT = 60.0
# Seconds that systemd waits for READY, for the end, and for a sign of life.
_START, _STOP, _WATCHDOG = 90, 20, 60
# What the unit takes over from the shell in which it is installed. Secrets belong into the env file instead.
_KEPT = ("PATH", "PYTHONPATH", "CLAUDE_REMOTE_HOME", "CLAUDE_REMOTE_CLAUDE", "CLAUDE_CONFIG_DIR")

_TEMPLATE = """\
[Unit]
Description=claude-remote: Claude Code for your other machines
StartLimitIntervalSec=300
StartLimitBurst=10

[Service]
Type=notify
NotifyAccess=main
ExecStart={command}
ExecReload={reload}
{environment}KillMode=process
RestartKillSignal=SIGUSR1
Restart=on-failure
RestartSec=5
RestartPreventExitStatus=2
TimeoutStartSec={start}
TimeoutStopSec={stop}
WatchdogSec={watchdog}

[Install]
WantedBy=default.target
"""


@dataclass(frozen=True)
class ServiceState:
    """What systemd says of the service. The last three are None where systemd cannot be asked."""

    unit: Path
    installed: bool
    enabled: bool | None
    active: str | None  # systemd's own word: active, activating, inactive, failed …
    lingers: bool | None  # whether it runs while nobody is logged in


class SystemdMissing(Failure):
    """The unit file was handled, but there is no systemd of this user to talk to."""


def unit_path(environ: Mapping[str, str]) -> Path:
    """Where this user's unit is."""
    config = environ.get("XDG_CONFIG_HOME")
    base = Path(config) if config else Path.home() / ".config"
    return base / "systemd" / "user" / UNIT


def unit_text(command: Sequence[str], reload: Sequence[str], environ: Mapping[str, str]) -> str:
    """The whole unit for a command, whose first word is an absolute path; likewise `reload`."""
    kept = [f"Environment={_quote(f'{name}={environ[name]}')}\n" for name in _KEPT if environ.get(name)]
    return _TEMPLATE.format(
        # In a command line, and only there, a dollar sign begins a variable.
        command=" ".join(_quote(word).replace("$", "$$") for word in command),
        reload=" ".join(_quote(word).replace("$", "$$") for word in reload),
        environment="".join(kept),
        start=_START,
        stop=_STOP,
        watchdog=_WATCHDOG,
    )


def own_command() -> list[str]:
    """How this very program is started again: by an absolute path, without a shell."""
    script = Path(sys.executable).parent / "claude-remote-server"
    # Versions that `update` has made come and go.
    script = Versions(find_paths().versions).launcher(sys.prefix) or script
    if os.access(script, os.X_OK):
        return [str(script)]
    return [sys.executable, "-m", "claude_remote_broker"]


class Service:
    """Installs, removes and describes the unit."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.unit = unit_path(environ)

    def write(self, command: Sequence[str], reload: Sequence[str]) -> None:
        """Write the unit file: how the server is started, and how it is told to start anew."""
        try:
            files.replace(self.unit, unit_text(command, reload, self._environ).encode())
        except OSError as error:
            raise Failure(f"cannot write {self.unit}: {error.strerror}") from None

    def start(self) -> None:
        """Let systemd read the unit, start it now and at every boot. Raises SystemdMissing or Failure."""
        self._systemctl("daemon-reload")
        self._systemctl("enable", UNIT)
        # Not `enable --now`: a service that runs already must take the new unit.
        self._systemctl("restart", UNIT)

    def linger(self) -> bool:
        """Let this user's services run without a login. False when they do not, and may not here."""
        # Where an administrator has switched it on, the user may not be allowed to.
        return bool(_lingers(self._environ)) or (
            _run(["loginctl", "enable-linger", getpass.getuser()], self._environ) == 0
        )

    def remove(self) -> bool:
        """Stop the service and remove the unit. False when there was none. Raises SystemdMissing, Failure."""
        existed = self.unit.exists()
        missing: SystemdMissing | None = None
        if existed:
            try:
                self._systemctl("disable", "--now", UNIT)
            except SystemdMissing as error:
                missing = error
            self.unit.unlink(missing_ok=True)
            if missing is not None:
                raise missing
            self._systemctl("daemon-reload")
        return existed

    def state(self) -> ServiceState:
        """What is the case now."""
        properties = self._properties()
        return ServiceState(
            unit=self.unit,
            installed=self.unit.exists(),
            enabled=None if properties is None else properties.get("UnitFileState") == "enabled",
            active=None if properties is None else properties.get("ActiveState", "unknown"),
            lingers=_lingers(self._environ),
        )

    def _properties(self) -> dict[str, str] | None:
        output = _output(
            ["systemctl", "--user", "show", UNIT, "--property=ActiveState,UnitFileState"], self._environ
        )
        if output is None:
            return None
        return dict(line.split("=", 1) for line in output.splitlines() if "=" in line)

    def _systemctl(self, *words: str) -> None:
        if shutil.which("systemctl", path=self._environ.get("PATH")) is None:
            raise SystemdMissing("this machine has no systemctl")
        command = ["systemctl", "--user", *words]
        try:
            done = subprocess.run(
                command,
                env=dict(self._environ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_START + _TIMEOUT,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Failure(f"{' '.join(command)} failed: {error}") from None
        if done.returncode == 0:
            return
        words_of_it = " ".join(done.stderr.split())[:300] or f"exit code {done.returncode}"
        if re.search(r"connect to (user scope )?bus|not been booted", words_of_it, re.IGNORECASE):
            raise SystemdMissing(f"systemd of this user cannot be reached ({words_of_it})")
        raise Failure(f"{' '.join(command)}: {words_of_it}; look at: journalctl --user -u {UNIT} -n 20")


def _lingers(environ: Mapping[str, str]) -> bool | None:
    output = _output(["loginctl", "show-user", getpass.getuser(), "--property=Linger"], environ)
    return None if output is None else output.strip() == "Linger=yes"


def _output(command: Sequence[str], environ: Mapping[str, str]) -> str | None:
    try:
        done = subprocess.run(
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _run(command: Sequence[str], environ: Mapping[str, str]) -> int:
    return 1 if _output(command, environ) is None else 0


def _quote(word: str) -> str:
    """One word of a unit file: quoted, with its specifiers (%) taken literally."""
    if any(ord(letter) < 32 for letter in word):
        raise Failure("a control character cannot be written into a unit file")
    word = word.replace("%", "%%")
    if re.fullmatch(r"[A-Za-z0-9_@%+=:,./-]+", word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
