"""Reaching sockets: the words for what fails, and ssh as a road."""

from __future__ import annotations

import os
import socket
import sys
import threading
from pathlib import Path

import pytest

from claude_remote.client.dial import dial_control, dial_ssh, dial_tcp, dial_unix
from claude_remote.errors import Unreachable

# What `ssh -W HOST:PORT` does, without the ssh.
FAKE_SSH = f"""#!{sys.executable}
import socket, sys, threading, os
host, _, port = sys.argv[sys.argv.index("-W") + 1].rpartition(":")
assert sys.argv[-2:] == ["--", "me@far"], sys.argv
stream = socket.create_connection((host, int(port)))
def outwards():
    while data := os.read(0, 65536):
        stream.sendall(data)
    stream.shutdown(socket.SHUT_WR)
threading.Thread(target=outwards, daemon=True).start()
while data := stream.recv(65536):
    os.write(1, data)
"""


def test_tcp_sends_small_packets_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dialed = dial_tcp("127.0.0.1", listener.getsockname()[1], 5)
        with dialed.stream as stream:
            assert stream.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_name_that_nobody_has() -> None:
    with pytest.raises(Unreachable, match=r"no machine is called 'nowhere\.invalid'"):
        dial_tcp("nowhere.invalid", 7433, 5)


def test_a_socket_that_nobody_listens_on(tmp_path: Path) -> None:
    path = tmp_path / "dead.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
    with pytest.raises(Unreachable, match="nobody listens"):
        dial_unix(str(path), 5)


def test_the_control_socket_must_be_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        dial_control(str(path), 5).stream.close()
        somebody_else = os.geteuid() + 1
        monkeypatch.setattr(os, "geteuid", lambda: somebody_else)
        with pytest.raises(Unreachable, match="somebody else"):
            dial_control(str(path), 5)


@pytest.mark.e2e
def test_ssh_carries_the_bytes_and_ends_with_the_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text(FAKE_SSH)
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        heard: list[bytes] = []

        def answer() -> None:
            stream, _ = listener.accept()
            with stream:
                heard.append(stream.recv(100))
                stream.sendall(b"pong")
                heard.append(stream.recv(100))

        thread = threading.Thread(target=answer)
        thread.start()
        dialed = dial_ssh("far", listener.getsockname()[1], "me")
        dialed.stream.sendall(b"ping")
        assert dialed.stream.recv(100) == b"pong"
        dialed.stream.close()
        assert dialed.closing is not None
        dialed.closing()
        thread.join(10)
    assert heard == [b"ping", b""]


def test_without_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unreachable, match="cannot start ssh"):
        dial_ssh("far", 7433)
