from __future__ import annotations

import os
from pathlib import Path

from claude_remote.paths import Paths, find_paths


def test_one_folder_for_everything(tmp_path: Path) -> None:
    paths = find_paths({"CLAUDE_REMOTE_HOME": str(tmp_path), "XDG_CONFIG_HOME": "/elsewhere"})
    assert paths == Paths(tmp_path / "config", tmp_path / "state", tmp_path / "run")


def test_the_usual_folders() -> None:
    home = Path.home()
    assert find_paths({}) == Paths(
        home / ".config" / "claude-remote",
        home / ".local" / "state" / "claude-remote",
        home / ".local" / "state" / "claude-remote" / "run",
    )


def test_xdg() -> None:
    environ = {"XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "/s", "XDG_RUNTIME_DIR": "/r"}
    assert find_paths(environ) == Paths(
        Path("/c/claude-remote"), Path("/s/claude-remote"), Path("/r/claude-remote")
    )


def test_names_are_those_of_the_original() -> None:
    paths = Paths(Path("/c"), Path("/s"), Path("/r"))
    assert [
        str(path)
        for path in (
            paths.client_key,
            paths.client_certificate,
            paths.server_key,
            paths.server_certificate,
            paths.known_servers,
            paths.trusted_clients,
            paths.client_config,
        )
    ] == [
        "/c/client.key",
        "/c/client.crt",
        "/c/server.key",
        "/c/server.crt",
        "/c/known_servers.toml",
        "/c/server.toml",
        "/c/config.toml",
    ]


def test_no_two_files_have_one_name() -> None:
    paths = Paths(Path("/c"), Path("/s"), Path("/r"))
    named = [getattr(paths, name) for name, value in vars(Paths).items() if isinstance(value, property)]
    assert len(named) == len(set(named))


def test_sockets_in_a_deep_folder_get_a_short_stand_in(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 90)
    one, again = (find_paths({"CLAUDE_REMOTE_HOME": str(deep)}) for _ in range(2))
    other = find_paths({"CLAUDE_REMOTE_HOME": str(deep) + "y"})
    assert one == again
    assert one.run != other.run
    assert one.state == deep / "state"
    for socket in (one.control_socket, one.bus_socket, one.feed_socket, one.zygote_socket):
        assert len(os.fsencode(socket)) <= 103
