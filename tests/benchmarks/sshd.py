"""A private sshd on the loopback: the reference that everybody knows."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.benchmarks.running import run

_PATIENCE = 10.0


class NoSshd(Exception):
    """There is no sshd that can be run here; the words say why."""


class Sshd:
    """Runs as this user, with keys of its own, in a folder that the caller removes. Raises NoSshd."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        sshd = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        if sshd is None or shutil.which("ssh") is None or shutil.which("ssh-keygen") is None:
            raise NoSshd("no sshd, ssh and ssh-keygen installed")
        folder.mkdir(mode=0o700)
        for key in ("host", "user"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key],
                check=True,
                timeout=_PATIENCE,
            )
        port = _free_port()
        host_key = " ".join((folder / "host.pub").read_text().split()[:2])
        (folder / "known").write_text(f"[127.0.0.1]:{port} {host_key}\n")
        (folder / "sshd_config").write_text(
            f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder / 'host'}\n"
            f"AuthorizedKeysFile {folder / 'user.pub'}\nPidFile none\nStrictModes no\nUsePAM no\n"
            "Subsystem sftp internal-sftp\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n"
        )
        options = [
            *("-F", "none", "-i", str(folder / "user"), "-o", "BatchMode=yes", "-o", f"Port={port}"),
            *("-o", "IdentitiesOnly=yes", "-o", f"UserKnownHostsFile={folder / 'known'}"),
        ]
        self.command = ["ssh", *options, "127.0.0.1", "true"]
        self.scp = ["scp", "-q", "-r", "-p", *options]
        """For its operands; the host is 127.0.0.1."""
        self.rsync = ["rsync", "-a", "-W", "-e", " ".join(["ssh", *options])]
        self._log = (folder / "log").open("wb")
        # sshd must be called by its whole path: it executes itself for each connection.
        self._process = subprocess.Popen(
            [*_with_run_folder(), sshd, "-D", "-e", "-f", folder / "sshd_config"],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )

    def __enter__(self) -> Self:
        deadline = time.monotonic() + _PATIENCE
        while True:
            done = subprocess.run(
                self.command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=False
            )
            if done.returncode == 0:
                return self
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.close()
                log = (self._folder / "log").read_text().strip()
                raise NoSshd(f"sshd does not work here: {log} {done.stderr.decode().strip()}")
            time.sleep(0.05)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(_PATIENCE)
        self._log.close()

    def run(self) -> None:
        """`ssh -o BatchMode=yes host true`, to its end."""
        run(self.command)


def _with_run_folder() -> list[str]:
    """Root's sshd wants a folder that an installed service would have made; it gets one that only it sees."""
    if os.getuid() != 0 or Path("/run/sshd").is_dir():
        return []
    made = 'mount -t tmpfs none /run && mkdir -m 755 /run/sshd && exec "$@"'
    return ["unshare", "--mount", "sh", "-c", made, "sh"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
