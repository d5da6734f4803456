"""The server is brought to another version, from afar, and what runs goes on."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from claude_remote.paths import find_paths
from tests.e2e import wheels
from tests.e2e.lab import Client, Lab
from tests.e2e.programs import Ran, Running
from tests.fakes.messages_api import Gate, claude_program, reply, say, text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

PIECES = "".join(f"piece {number}, " for number in range(200))
_UPDATES_WITHIN = 180.0


@pytest.fixture(scope="module")
def first_version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of version 1.0, installed from a wheel. No update changes what it is installed in."""
    folder = tmp_path_factory.mktemp("first")
    return wheels.install(folder / "installed", wheels.build_wheel(folder / "index", "1.0"))


@pytest.fixture
def admin(own_lab: Lab, first_version: Path) -> Client:
    """Of a server of version 1.0, with a folder as pip's index."""
    publish(own_lab, "1.0")
    return begin(own_lab, first_version)


def begin(lab: Lab, program: Path) -> Client:
    """Start a server that was installed; who may do everything there."""
    index = lab.folder / "index"
    lab.program = (program,)
    lab.server_environment.pop("PYTHONPATH", None)
    lab.server_environment |= {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(index),
        "PIP_CONFIG_FILE": "/dev/null",
    }
    lab.start()
    return lab.approved("admin", rights="full")


def control(lab: Lab, *argv: str) -> Ran:
    """claude-remote-server as it is installed."""
    with Running([*lab.program, *argv], lab.server_environment, lab.work) as running:
        return running.finish(_UPDATES_WITHIN)


def versions(lab: Lab) -> Path:
    return find_paths(lab.server_environment).versions


def publish(lab: Lab, version: str, changed: dict[str, str] | None = None) -> None:
    wheels.build_wheel(lab.folder / "index", version, changed)


def test_a_running_turn_outlives_an_update(own_lab: Lab, admin: Client) -> None:
    lab = own_lab
    current = admin.run("update", "--check", timeout=_UPDATES_WITHIN)
    assert (current.code, current.out) == (0, "claude-remote-bus 1.0 is the newest version\n"), current
    publish(lab, "1.1")
    newer = admin.run("update", "--check", timeout=_UPDATES_WITHIN)
    assert newer.code == 1, newer
    assert "claude-remote-bus 1.0 → 1.1" in newer.out
    assert not list(versions(lab).glob("1.*"))

    gate = Gate()
    lab.api.on("a long story", reply(say(PIECES, chunks=200, gate=gate, gate_after=100)))
    with admin.watch("-n", "story", "-p", "a long story") as running:
        running.wait_for("piece 9")
        claudes = lab.claudes()
        updated = admin.run("update", timeout=_UPDATES_WITHIN)
        assert updated.code == 0, updated
        assert "speaks version 1.1" in updated.out
        assert lab.claudes() == claudes
        gate.open()
        ran = running.finish()
    assert (ran.code, ran.out.replace("\n", "")) == (0, PIECES), ran

    lab.api.on("who are you", text("The new one."))
    assert admin.run("-p", "who are you").out == "The new one.\n"
    # What it is forked from is of the new version, and so is what starts the server anew.
    listed = admin.run("exec", "ps", "-eo", "args").out
    assert f"{versions(lab) / '1.1'}/bin/python -m claude_remote_workers.zygote" in listed
    server = lab.server
    assert "version 1.1" in control(lab, "restart").out
    assert server.stop().code == 0
    lab.start()
    assert (
        "claude-remote-bus 1.1 is the newest"
        in admin_again(lab).run("update", "--check", timeout=_UPDATES_WITHIN).out
    )


def test_what_does_not_start_is_not_begun(own_lab: Lab, admin: Client) -> None:
    lab = own_lab
    publish(lab, "1.1", {"claude_remote_broker/server.py": '\nraise RuntimeError("a broken version")\n'})
    ran = admin.run("update", timeout=_UPDATES_WITHIN)
    assert ran.code == 3, ran
    assert "a broken version" in ran.err
    assert not (versions(lab) / "1.1").exists()
    assert admin.run("ping").code == 0
    assert "claude-remote-bus 1.0 →" in admin.run("update", "--check", timeout=_UPDATES_WITHIN).out


def test_what_does_not_come_up_is_left_again(own_lab: Lab, admin: Client) -> None:
    """The check before sees nothing, for it listens to nobody: the version before takes everything back."""
    lab = own_lab
    vars(lab)["complaints"] = list  # it is to complain
    broken = (
        "\ndef _refuse(self, door):\n    raise RuntimeError('a broken version')\nServer._listen = _refuse\n"
    )
    publish(lab, "1.1", {"claude_remote_broker/server.py": broken})
    gate = Gate()
    lab.api.on("a long story", reply(say(PIECES, chunks=200, gate=gate, gate_after=100)))
    with admin.watch("-p", "a long story") as running:
        running.wait_for("piece 9")
        claudes = lab.claudes()
        ran = admin.run("update", timeout=_UPDATES_WITHIN)
        assert ran.code == 3, ran
        assert "1.1 did not come up; the server goes on with 1.0" in ran.err
        assert lab.claudes() == claudes
        gate.open()
        story = running.finish()
    assert (story.code, story.out.replace("\n", "")) == (0, PIECES), story


def test_what_is_installed_newer_by_hand_is_used(own_lab: Lab) -> None:
    """The installation that starts the server is the user's: `restart` finds what he has put there."""
    lab = own_lab
    first = wheels.build_wheel(lab.folder / "index", "1.0")
    admin = begin(lab, wheels.install(lab.folder / "installed", first))
    publish(lab, "1.1")
    assert "speaks version 1.1" in control(lab, "update").out
    wheels.upgrade(lab.folder / "installed", wheels.build_wheel(lab.folder / "index", "1.2"))
    ran = control(lab, "restart")
    assert ran.code == 0, ran
    assert "version 1.2" in ran.out
    assert admin.run("ping").code == 0


def test_only_who_may_administer(own_lab: Lab, admin: Client) -> None:
    bob = own_lab.approved("bob")
    for words in (["update"], ["update", "--check"], ["update", "--claude"]):
        ran = bob.run(*words)
        assert ran.code == 4, ran
        assert "admin" in ran.err


def admin_again(lab: Lab) -> Client:
    return lab.approved("another", rights="full")


def test_a_newer_claude(own_lab: Lab, admin: Client) -> None:
    """claude-agent-sdk's, in a folder of its own; a claude that was named to the server is left alone."""
    lab = own_lab
    if claude_program().parent.name == "_bundled":  # any other would update itself, for the whole machine
        named = admin.run("update", "--claude")
        assert named.code == 3, named
        assert "named to it" in named.err
    assert lab.server.stop().code == 0

    nameless = lab.folder / "nameless"
    nameless.write_text(_NAMELESS.format(python=sys.executable, program=str(lab.program[0])))
    nameless.chmod(0o755)
    lab.program = (nameless,)
    lab.server_environment["PATH"] = "/usr/bin:/bin"
    lab.start()
    root = lab.approved("root", rights="full")
    wheels.build_claude_wheel(lab.folder / "index", "98.0", "echo 'Illegal instruction' >&2; exit 132")
    ran = root.run("update", "--claude", timeout=_UPDATES_WITHIN)
    assert ran.code == 3, ran
    assert "98.0 does not start here, so the one before stays: " in ran.err
    assert "Illegal instruction" in ran.err
    assert not (versions(lab) / "claude-98.0").exists()
    wheels.build_claude_wheel(lab.folder / "index", "99.0")
    assert "→ 99.0" in root.run("update", "--claude", "--check", timeout=_UPDATES_WITHIN).out
    ran = root.run("update", "--claude", timeout=_UPDATES_WITHIN)
    assert ran.code == 0, ran
    program = versions(lab) / "claude-99.0" / "claude_agent_sdk" / "_bundled" / "claude"
    lab.server.running.wait_for(re.escape(str(program)), stream="err")
    lab.api.on("are you there", text("Here."))
    assert root.run("-p", "are you there").out == "Here.\n"
    assert "99.0 is the newest" in root.run("update", "--claude", timeout=_UPDATES_WITHIN).out


_NAMELESS = """#!{python}
import os, sys
words = sys.argv[1:]
if "--claude" in words:
    at = words.index("--claude")
    del words[at : at + 2]
os.execv({program!r}, [{program!r}, *words])
"""


def test_a_checkout_is_pulled(own_lab: Lab) -> None:
    """An editable installation: what does not start is taken back."""
    lab = own_lab
    origin, checkout = lab.folder / "origin", lab.folder / "checkout"
    wheels.make_repository(origin, "1.0")
    subprocess.run(["git", "clone", "--quiet", origin, checkout], check=True, timeout=60)
    lab.program = (wheels.install_editable(lab.folder / "installed", checkout),)
    lab.server_environment.pop("PYTHONPATH", None)
    lab.start()
    admin = lab.approved("admin", rights="full")
    assert admin.run("update", "--check").code == 0
    wheels.commit(origin, {"claude_remote/version.py": 'VERSION = "1.1"\n'})
    ran = admin.run("update", "--check")
    assert ran.code == 1, ran
    ran = admin.run("update", timeout=_UPDATES_WITHIN)
    assert ran.code == 0, ran
    assert "speaks version 1.1" in ran.out
    wheels.commit(
        origin, {"broker/claude_remote_broker/server.py": 'raise RuntimeError("a broken version")\n'}
    )
    ran = admin.run("update", timeout=_UPDATES_WITHIN)
    assert ran.code == 3, ran
    assert "a broken version" in ran.err
    assert "a broken version" not in (checkout / "broker/claude_remote_broker/server.py").read_text()
    assert admin.run("ping").code == 0
