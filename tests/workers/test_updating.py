"""How the server was installed, by what the installers leave beside it."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path

import pytest

from claude_remote.errors import UpdateFailed
from claude_remote_workers.updating import installation
from claude_remote_workers.updating.installation import find_installation

_METADATA = """Metadata-Version: 2.1
Name: claude-remote-bus
Version: 1.0
Provides-Extra: server
Provides-Extra: gui
Requires-Dist: click>=8
Requires-Dist: msgpack>=1; extra == "server"
Requires-Dist: no-such-thing-anywhere>=6; extra == "gui"
"""


@pytest.fixture
def info(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "claude_remote_bus-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(_METADATA)
    monkeypatch.setattr(installation, "DISTRIBUTION", "claude-remote-bus")
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def test_extras_are_those_whose_needs_are_there(info: Path, tmp_path: Path) -> None:
    found = find_installation(tmp_path)
    assert (found.version, found.requirement) == ("1.0", "claude-remote-bus[server]")
    assert found.way == f"pip ({tmp_path})"


@pytest.mark.parametrize(("file", "way"), [("uv-receipt.toml", "uv tool"), ("pipx_metadata.json", "pipx")])
def test_tools(info: Path, tmp_path: Path, file: str, way: str) -> None:
    (tmp_path / file).touch()
    assert find_installation(tmp_path).way == f"{way} ({tmp_path})"


def test_what_an_update_has_put_there(info: Path, tmp_path: Path) -> None:
    assert "earlier update" in find_installation(tmp_path / "versions" / "1.0", tmp_path / "versions").way


def test_a_checkout(info: Path, tmp_path: Path) -> None:
    told = {"url": "file:///home/me/my%20code", "dir_info": {"editable": True}}
    (info / "direct_url.json").write_text(json.dumps(told))
    assert find_installation(tmp_path).checkout == Path("/home/me/my code")
    (info / "direct_url.json").write_text(json.dumps(told | {"dir_info": {}}))
    assert find_installation(tmp_path).checkout is None
    (info / "direct_url.json").write_text("{")
    assert find_installation(tmp_path).checkout is None


def test_not_installed_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "DISTRIBUTION", "no-such-distribution")
    with pytest.raises(metadata.PackageNotFoundError):
        metadata.distribution("no-such-distribution")
    with pytest.raises(UpdateFailed, match="is not installed"):
        find_installation(tmp_path)
