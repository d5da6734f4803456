"""Wheels of this project as it is, with another version and with changes; and environments made of them.

Their dependencies come from the environment that runs the tests, by a .pth file that is a part of the wheel.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tests.fakes.messages_api import claude_program

_ROOT = Path(__file__).parents[2]
_PACKAGES = (".", "broker", "workers")
_VERSION = "claude_remote/version.py"


def build_wheel(folder: Path, version: str, changed: Mapping[str, str] | None = None) -> Path:
    """A wheel in `folder`. `changed`: what is added at the ends of files, by their names in the wheel."""
    folder.mkdir(exist_ok=True)
    path = folder / f"claude_remote_bus-{version}-py3-none-any.whl"
    info = f"claude_remote_bus-{version}.dist-info"
    contents = {
        **_sources(),
        _VERSION: f'VERSION = "{version}"\n'.encode(),
        "depends.pth": f"{sysconfig.get_path('purelib')}\n".encode(),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: claude-remote-bus\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": (
            b"[console_scripts]\n"
            b"claude-remote = claude_remote.entry:client\n"
            b"claude-remote-server = claude_remote.entry:server\n"
        ),
    }
    for name, more in (changed or {}).items():
        contents[name] += more.encode()
    contents[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*contents, f"{info}/RECORD"]).encode()
    with zipfile.ZipFile(path, "w") as wheel:
        for name, content in contents.items():
            wheel.writestr(name, content)
    return path


def build_claude_wheel(folder: Path, version: str, instead: str = "") -> Path:
    """A claude-agent-sdk whose claude is the one of the tests, or a shell script `instead`."""
    path = folder / f"claude_agent_sdk-{version}-py3-none-any.whl"
    info = f"claude_agent_sdk-{version}.dist-info"
    program = zipfile.ZipInfo("claude_agent_sdk/_bundled/claude")
    program.external_attr = 0o100755 << 16
    instead = instead or f'exec {claude_program()} "$@"'
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("claude_agent_sdk/__init__.py", "")
        wheel.writestr(program, f"#!/bin/sh\n{instead}\n")
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: claude-agent-sdk\nVersion: {version}\n"
        )
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        names = [*wheel.namelist(), f"{info}/RECORD"]
        wheel.writestr(f"{info}/RECORD", "".join(f"{name},,\n" for name in names))
    return path


def make_repository(folder: Path, version: str) -> None:
    """A git repository with this project's code."""
    for package in _PACKAGES:
        for inner in (_ROOT / package).glob("claude_remote*"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(inner, folder / package / inner.name, ignore=ignored)
    subprocess.run(["git", "init", "--quiet", folder], check=True, timeout=60)
    commit(folder, {_VERSION: f'VERSION = "{version}"\n'})


def commit(folder: Path, contents: Mapping[str, str]) -> None:
    """Write these files and commit everything."""
    for name, content in contents.items():
        (folder / name).write_text(content)
    git = ["git", "-C", folder, "-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run([*git, "add", "--all"], check=True, timeout=60)
    subprocess.run([*git, "commit", "--quiet", "--message", "more"], check=True, timeout=60)


def install_editable(folder: Path, checkout: Path) -> Path:
    """A new virtual environment whose code is that of a checkout; its claude-remote-server."""
    program = install(folder, build_wheel(folder.parent / "index", "1.0"))
    (site,) = folder.glob("lib/python*/site-packages")
    for package in site.glob("claude_remote*"):
        if not package.name.endswith(".dist-info"):
            shutil.rmtree(package)
    (site / "checkout.pth").write_text("".join(f"{checkout / package}\n" for package in _PACKAGES))
    told = {"url": checkout.as_uri(), "dir_info": {"editable": True}}
    (site / "claude_remote_bus-1.0.dist-info" / "direct_url.json").write_text(json.dumps(told))
    return program


def install(folder: Path, wheel: Path) -> Path:
    """A new virtual environment with a wheel in it; its claude-remote-server."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=60)
    upgrade(folder, wheel)
    return folder / "bin" / "claude-remote-server"


def upgrade(folder: Path, wheel: Path) -> None:
    """Put another wheel into an environment."""
    python = folder / "bin" / "python"
    pip = [sys.executable, "-I", "-m", "pip", "--python", python, "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--no-index", wheel], check=True, timeout=60, capture_output=True)


def _sources() -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for package in _PACKAGES:
        base = _ROOT / package
        for inner in base.glob("claude_remote*"):
            for path in inner.rglob("*"):
                if path.is_file() and "__pycache__" not in path.parts:
                    found[str(path.relative_to(base))] = path.read_bytes()
    return found
