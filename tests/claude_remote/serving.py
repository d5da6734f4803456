"""A home of its own for each test, and scripted servers over every way of reaching one."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from claude_remote import tls
from claude_remote.files import make_private_folder
from claude_remote.identity import Identity, load_or_create
from claude_remote.paths import Paths, find_paths
from tests.claude_remote.client.scripted import Script, Server

Serve = Callable[..., Server]


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    monkeypatch.setenv("CLAUDE_REMOTE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CLAUDE_REMOTE_SERVER", raising=False)
    return find_paths()


@pytest.fixture
def server_identity(paths: Paths) -> Identity:
    return load_or_create(paths.server_key, paths.server_certificate)


@pytest.fixture
def servers() -> Iterator[list[Server]]:
    running: list[Server] = []
    yield running
    for server in running:
        server.close()


@pytest.fixture
def serve_locally(paths: Paths, servers: list[Server]) -> Serve:
    """On the control socket, without TLS."""

    def serve(*scripts: Script) -> Server:
        make_private_folder(paths.run)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(paths.control_socket))
        listener.listen()
        servers.append(Server(listener, list(scripts)))
        return servers[-1]

    return serve


@pytest.fixture
def serve_tls(paths: Paths, server_identity: Identity, servers: list[Server]) -> Serve:
    """On a port of this machine, which approves `approved`: certificates in DER."""

    def serve(*scripts: Script, approved: tuple[bytes, ...] = ()) -> Server:
        listener = socket.create_server(("127.0.0.1", 0))
        context = tls.server_context(server_identity, approved)
        server = Server(listener, list(scripts), context)
        server.address = f"127.0.0.1:{listener.getsockname()[1]}"
        servers.append(server)
        return server

    return serve
