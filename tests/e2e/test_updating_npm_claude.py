"""`claude-remote update --claude` where npm has installed claude: with the real npm, where there is one, and
with one that stands in for it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.lab import Client, Lab
from tests.e2e.users import somebody
from tests.fakes import npm
from tests.fakes.messages_api import text
from tests.fakes.npm_registry import PACKAGE, NpmRegistry

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

_BEFORE, _AFTER = "2.1.332", "2.1.333"
_CRASHES = "#!/bin/sh\necho 'Illegal instruction' >&2\nexit 132\n"
_NOT_IN_PLACE = '#!/bin/sh\ncase "$0" in *remote-*) echo VERSION ;; *) exit 1 ;; esac\n'
_PLACES = "cp program bin/claude.exe"


@pytest.fixture
def registry() -> Iterator[NpmRegistry]:
    with NpmRegistry() as registry:
        registry.publish(_BEFORE)
        yield registry


class Installed:
    """What npm has put into a folder that is not its default one."""

    def __init__(self, lab: Lab, registry: NpmRegistry, *, real: bool) -> None:
        self.prefix = lab.folder / "node"
        (self.prefix / "bin").mkdir(parents=True)
        lab.server_environment |= {"NPM_CONFIG_REGISTRY": registry.url, "NPM_CONFIG_FETCH_RETRIES": "0"}
        found = shutil.which("npm")
        if real and found is None:
            pytest.skip("there is no npm")
        if not real:
            npm.place(self.prefix / "bin")
            found = str(self.prefix / "bin" / "npm")
        command = [found, "install", "--global", "--prefix", self.prefix, f"{PACKAGE}@{_BEFORE}"]
        subprocess.run(command, env=lab.server_environment, check=True, timeout=60, capture_output=True)
        self.program = self.prefix / "bin" / "claude"

    @property
    def version(self) -> str:
        """Of what is run."""
        told = subprocess.run([self.program, "-v"], check=True, timeout=10, capture_output=True, text=True)
        return told.stdout.split()[0]

    @property
    def packages(self) -> list[str]:
        """All that is in npm's folder."""
        return sorted(path.name for path in (self.prefix / "lib" / "node_modules").iterdir())

    @property
    def noted(self) -> str:
        """The version that npm finds."""
        manifest = self.prefix / "lib" / "node_modules" / PACKAGE / "package.json"
        version: str = json.loads(manifest.read_text())["version"]
        return version


@pytest.fixture(params=["stand-in", "real"])
def installed(own_lab: Lab, registry: NpmRegistry, request: pytest.FixtureRequest) -> Installed:
    installed = Installed(own_lab, registry, real=request.param == "real")
    own_lab.start("--claude", str(installed.program))
    return installed


@pytest.fixture
def admin(own_lab: Lab, installed: Installed) -> Client:
    return own_lab.approved("admin", rights="full")


def test_a_newer_one_takes_its_place(
    own_lab: Lab, registry: NpmRegistry, installed: Installed, admin: Client
) -> None:
    checked = admin.run("update", "--claude", "--check")
    assert (checked.code, checked.out) == (0, f"claude {_BEFORE} is the newest version\n"), checked
    registry.publish(_AFTER)
    checked = admin.run("update", "--claude", "--check")
    assert checked.code == 1, checked
    assert f"claude {_BEFORE} → {_AFTER}\n  installed by npm in {installed.prefix}; {PACKAGE}@{_AFTER}" in (
        checked.out
    )
    assert installed.version == _BEFORE

    updated = admin.run("update", "--claude", timeout=120)
    assert updated.code == 0, updated
    assert f"claude is {_AFTER} (Claude Code) now" in updated.err
    assert (installed.version, installed.noted, installed.packages) == (_AFTER, _AFTER, ["@anthropic-ai"])
    own_lab.server.running.wait_for(re.escape(f"{installed.program} ({_AFTER} (Claude Code))"), stream="err")
    own_lab.api.on("are you there", text("Here."))
    assert admin.run("-p", "are you there").out == "Here.\n"


@pytest.mark.parametrize(
    ("installed", "program", "postinstall", "words"),
    [
        ("real", _CRASHES, _PLACES, "Illegal instruction"),
        ("stand-in", _CRASHES, _PLACES, "Illegal instruction"),
        ("stand-in", "#!/no/such/loader\n", _PLACES, "No such file"),
        ("stand-in", "#!/bin/sh\necho 2.1.1\n", _PLACES, f"{_AFTER} says that it is 2.1.1"),
        (
            "stand-in",
            _NOT_IN_PLACE,
            _PLACES,
            f"not start in its place, so {_BEFORE} (Claude Code) is there again",
        ),
        ("real", "", "exit 3", "npm install failed"),
    ],
    indirect=["installed"],
)
def test_one_that_does_not_start_is_not_taken(
    registry: NpmRegistry, installed: Installed, admin: Client, program: str, postinstall: str, words: str
) -> None:
    registry.publish(_AFTER, program, postinstall)
    ran = admin.run("update", "--claude", timeout=120)
    assert (ran.code, words in ran.err.splitlines()[-1]) == (3, True), ran
    assert (installed.version, installed.noted, installed.packages) == (_BEFORE, _BEFORE, ["@anthropic-ai"])
    assert "restarting" not in ran.err


@pytest.mark.parametrize("installed", ["real"], indirect=True)
def test_an_npm_that_runs_no_scripts_is_obeyed(
    own_lab: Lab, registry: NpmRegistry, installed: Installed
) -> None:
    own_lab.server.stop()
    own_lab.server_environment["NPM_CONFIG_IGNORE_SCRIPTS"] = "true"
    own_lab.start("--claude", str(installed.program))
    registry.publish(_AFTER)
    ran = own_lab.server.control("update", "--claude")
    assert ran.code == 3, ran
    assert f"does not start here, so {_BEFORE} stays" in ran.err
    assert "Error: claude native binary not installed." in ran.err
    assert installed.version == _BEFORE


def test_without_a_network_it_says_so(own_lab: Lab, registry: NpmRegistry, installed: Installed) -> None:
    own_lab.server.stop()
    own_lab.server_environment["NPM_CONFIG_REGISTRY"] = "http://127.0.0.1:1"
    own_lab.start("--claude", str(installed.program))
    ran = own_lab.server.control("update", "--claude", "--check")
    assert (ran.code, ran.out) == (3, ""), ran
    last = ran.err.splitlines()[-1]
    assert f"npm view {PACKAGE}@latest failed: FetchError: request to http://127.0.0.1:1/" in last
    assert last.endswith("failed, reason: connect ECONNREFUSED 127.0.0.1:1")


@pytest.mark.parametrize("installed", ["real"], indirect=True)
def test_who_stops_waiting_leaves_the_old_one(
    registry: NpmRegistry, installed: Installed, admin: Client, tmp_path: Path
) -> None:
    registry.publish(_AFTER, postinstall=f"touch {tmp_path}/begun\nexec sleep 8124\n")
    with admin.start("update", "--claude") as hanging:
        hanging.wait_for("npm puts", stream="err")
        while not (tmp_path / "begun").exists():
            assert hanging.process.poll() is None
            os.sched_yield()
        hanging.process.terminate()
        hanging.finish()
    registry.publish(_AFTER)
    for _ in range(50):
        ran = admin.run("update", "--claude", timeout=120)
        if "under way" not in ran.err:
            break
    assert ran.code == 0, ran
    assert (installed.version, installed.packages) == (_AFTER, ["@anthropic-ai"])


def test_one_that_is_not_the_server_s_to_change(registry: NpmRegistry) -> None:
    """Root has installed it, and the server is somebody else's."""
    with tempfile.TemporaryDirectory(prefix="cr-user-") as folder, Lab(somebody(Path(folder))) as lab:
        installed = Installed(lab, registry, real=False)
        npm.place(installed.prefix / "bin", lab.script("python"))
        for path in (installed.prefix / "lib" / "node_modules").rglob("*"):
            path.chmod(0o555)
        (installed.prefix / "lib" / "node_modules").chmod(0o555)
        registry.publish(_AFTER)
        lab.start("--claude", str(installed.program))
        command = f"npm install --global --prefix {installed.prefix} {PACKAGE}"
        checked = lab.server.control("update", "--claude", "--check")
        assert (checked.code, command in checked.out) == (1, True), checked
        ran = lab.server.control("update", "--claude")
        assert (ran.code, installed.version) == (3, _BEFORE), ran
        assert ran.err.splitlines()[-1].endswith(f"node_modules; who may does it by {command}"), ran


def test_that_of_a_project_is_the_project_s(own_lab: Lab, registry: NpmRegistry) -> None:
    """Which version it has stands in the project's own files."""
    installed = Installed(own_lab, registry, real=False)
    project = own_lab.folder / "project"
    (installed.prefix / "lib").rename(project)
    (project / "node_modules" / ".bin").mkdir()
    program = project / "node_modules" / ".bin" / "claude"
    program.symlink_to(f"../{PACKAGE}/bin/claude.exe")
    own_lab.start("--claude", str(program))
    ran = own_lab.server.control("update", "--claude", "--check")
    assert (ran.code, f"belongs to {project} and not to an npm install --global" in ran.err) == (3, True), ran
