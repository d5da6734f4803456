import os
import socket
from pathlib import Path

import pytest

from claude_remote_broker.notify import Notifier, without_notify


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_reads_what_the_service_says(tmp_path: Path, abstract: bool) -> None:
    name = f"@claude-remote-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind("\0" + name[1:] if abstract else name)
        systemd.settimeout(5)
        notifier = Notifier({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "60000000"})
        assert notifier.watchdog_every == 30
        notifier.ready("listening on\n0.0.0.0:7433")
        notifier.alive()
        notifier.status("3 sessions")
        notifier.stopping()
        assert [systemd.recv(4096).decode() for _ in range(4)] == [
            f"READY=1\nMAINPID={os.getpid()}\nSTATUS=listening on 0.0.0.0:7433",
            "WATCHDOG=1",
            "STATUS=3 sessions",
            "STOPPING=1\nSTATUS=stopping",
        ]


def test_without_systemd_nothing_happens() -> None:
    notifier = Notifier({})
    notifier.ready("x")
    notifier.stopping()
    assert notifier.watchdog_every is None


def test_a_socket_that_is_gone_harms_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready("x")
    assert "systemd could not be told 'READY=1'" in caplog.text


def test_a_watchdog_for_another_process_is_not_ours() -> None:
    environ = {"NOTIFY_SOCKET": "/n", "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}
    assert Notifier(environ).watchdog_every is None
    assert Notifier(environ, pid=1).watchdog_every == 0.5


def test_nobody_below_speaks_for_the_service() -> None:
    assert without_notify({"NOTIFY_SOCKET": "/n", "WATCHDOG_PID": "1", "A": "b"}) == {"A": "b"}
