from __future__ import annotations

from pathlib import Path

import pytest

from claude_remote.config import MAX_FOLDERS, Choice, ConfigFile, FolderMemory, Settings, choose_server
from claude_remote.errors import Misconfigured

# --- which server --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("explicit", "environment", "default", "chosen"),
    [
        ("a", "b", "c", Choice("a", "-s")),
        (None, "b", "c", Choice("b", "CLAUDE_REMOTE_SERVER")),
        (None, "", "c", Choice("c", "default")),
        (None, None, "c", Choice("c", "default")),
        (None, None, None, Choice("localhost", "nobody")),
    ],
)
def test_explicit_then_environment_then_default_then_here(
    explicit: str | None, environment: str | None, default: str | None, chosen: Choice
) -> None:
    environ = {} if environment is None else {"CLAUDE_REMOTE_SERVER": environment}
    assert choose_server(explicit, environ, default) == chosen


# --- config.toml ---------------------------------------------------------------------------------------


def test_the_default_server_is_kept(tmp_path: Path) -> None:
    config = ConfigFile(tmp_path / "config" / "config.toml")
    assert config.read() == Settings()
    config.set_default_server("home")
    assert ConfigFile(tmp_path / "config" / "config.toml").read() == Settings(server="home")
    config.set_default_server(None)
    assert config.read() == Settings()


@pytest.mark.parametrize("broken", ["server = 1", "server = ", "sever = 'home'"])
def test_a_broken_edit_is_named_and_not_written_over(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(broken)
    for use in (ConfigFile(path).read, lambda: ConfigFile(path).set_default_server("home")):
        with pytest.raises(Misconfigured, match=r"config\.toml"):
            use()
    assert path.read_text() == broken


# --- folders -------------------------------------------------------------------------------------------


def test_each_folder_and_server_has_its_own(tmp_path: Path) -> None:
    folders = FolderMemory(tmp_path / "state" / "folders.json")
    here, there = Path("/home/me/here"), Path("/home/me/there")
    assert folders.get(here, "SHA256:a") is None
    folders.remember(here, "SHA256:a", "src/api")
    folders.remember(here, "SHA256:b", "api")
    folders.remember(there, "SHA256:a", "/srv/there")
    folders.remember(here, "SHA256:a", "src/api2")
    again = FolderMemory(tmp_path / "state" / "folders.json")
    assert again.get(here, "SHA256:a") == "src/api2"
    assert again.get(here, "SHA256:b") == "api"
    assert again.get(there, "SHA256:a") == "/srv/there"
    assert again.get(there, "SHA256:b") is None


def test_the_same_again_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "folders.json"
    FolderMemory(path).remember(Path("/a"), "SHA256:a", "b")
    before = path.stat()
    FolderMemory(path).remember(Path("/a"), "SHA256:a", "b")
    assert path.stat().st_ino == before.st_ino


def test_it_is_bounded_and_forgets_the_oldest(tmp_path: Path) -> None:
    import msgspec

    path = tmp_path / "folders.json"
    full = [{"local": f"/{number}", "server": "s", "remote": "r"} for number in range(MAX_FOLDERS)]
    path.write_bytes(msgspec.json.encode(full))
    folders = FolderMemory(path)
    folders.remember(Path("/0"), "s", "used again")
    folders.remember(Path("/new"), "s", "r")
    assert folders.get(Path("/0"), "s") == "used again"
    assert folders.get(Path("/1"), "s") is None
    assert folders.get(Path("/2"), "s") == "r"


@pytest.mark.parametrize("rubbish", [b"", b"{}", b'[{"local": "\xff"}]'])
def test_rubbish_is_kept_aside(tmp_path: Path, rubbish: bytes) -> None:
    path = tmp_path / "folders.json"
    path.write_bytes(rubbish)
    assert FolderMemory(path).get(Path("/a"), "s") is None
    assert path.with_name("folders.json.broken").read_bytes() == rubbish
