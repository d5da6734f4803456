"""sd_notify: telling systemd how the service is. Nothing happens when systemd did not start us.

The protocol is datagrams of `KEY=value` lines to the socket named by NOTIFY_SOCKET (sd_notify(3)); a name
that begins with `@` is in the abstract namespace.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Mapping

log = logging.getLogger(__name__)


class Notifier:
    """Sends the state of the service. Failing to do so is logged and never harms the service."""

    def __init__(self, environ: Mapping[str, str], pid: int | None = None) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        self.watchdog_every = _watchdog_every(environ, os.getpid() if pid is None else pid)

    def ready(self, status: str) -> None:
        """The service serves."""
        self._send(f"READY=1\nMAINPID={os.getpid()}\nSTATUS={_one_line(status)}")

    def status(self, status: str) -> None:
        """What `systemctl status` shows in words."""
        self._send(f"STATUS={_one_line(status)}")

    def stopping(self) -> None:
        """The service ends by its own will."""
        self._send("STOPPING=1\nSTATUS=stopping")

    def reloading(self) -> None:
        """It is about to go on as a new life; `ready` follows."""
        microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send(f"RELOADING=1\nMONOTONIC_USEC={microseconds}\nSTATUS=restarting")

    def alive(self) -> None:
        """To be told at least every `watchdog_every` seconds."""
        self._send("WATCHDOG=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        name = self._address
        if name.startswith("@"):
            name = "\0" + name[1:]
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.settimeout(0)
                channel.sendto(text.encode(), name)
        except OSError as error:
            log.warning("systemd could not be told %r: %s", text.partition("\n")[0], error)


def without_notify(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for other programs: none of them speaks for the service."""
    ours = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
    return {name: value for name, value in environ.items() if name not in ours}


def _watchdog_every(environ: Mapping[str, str], pid: int) -> float | None:
    """Half of what systemd allows, seconds; None when it does not watch this process."""
    microseconds = environ.get("WATCHDOG_USEC", "")
    if not microseconds.isdigit() or environ.get("WATCHDOG_PID", str(pid)) != str(pid):
        return None
    return int(microseconds) / 2_000_000 or None


def _one_line(text: str) -> str:
    return " ".join(text.split())
