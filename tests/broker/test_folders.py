import asyncio
import os
import shutil
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from claude_remote.errors import NoSuchFolder, OutsideRoots, RemoteError, TimedOut
from claude_remote_broker import folders as module
from claude_remote_broker.folders import Folders
from claude_remote_broker.ports import CheckFolder, FolderChecked


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    for name in ("src/api", "other", ".config/claude-remote"):
        (home / name).mkdir(parents=True)
    (home / "file").write_text("")
    (home / "way-out").symlink_to(tmp_path)
    return home


def check(home: Path, path: str | None, *roots: Path, also: tuple[str, ...] = ()) -> str | type[RemoteError]:
    folders = Folders(home, [home / ".config/claude-remote"])
    answer = folders.find(CheckFolder(1, path, tuple(map(str, roots)), also))
    folders.close()
    return type(answer.error) if answer.error else str(Path(answer.path).relative_to(home.parent))


def test_relative_to_the_servers_folder(home: Path) -> None:
    assert check(home, None) == "home"
    assert check(home, "src/api") == "home/src/api"
    assert check(home, "src/../other") == "home/other"
    assert check(home, str(home / "src")) == "home/src"
    assert check(home, "way-out/home/src") == "home/src"


def test_what_is_no_folder(home: Path) -> None:
    assert check(home, "nothing") is NoSuchFolder
    assert check(home, "file") is NoSuchFolder
    assert check(home, "a\0b") is NoSuchFolder
    assert check(home, "x" * 4000) is NoSuchFolder


def test_roots_hold_against_every_way_around_them(home: Path) -> None:
    root = home / "src"
    assert check(home, "src/api", root) == "home/src/api"
    for path in ("other", "..", "src/../other", "way-out", "/", "src/../../home/other", str(home)):
        assert check(home, path, root) is OutsideRoots, path
    # What lies outside is not told apart from what is not there.
    assert check(home, "nothing", root) is OutsideRoots
    assert check(home, "src/nothing", root) is NoSuchFolder


def test_a_client_with_roots_elsewhere_starts_in_the_first(home: Path) -> None:
    assert check(home, None, home / "other", home / "src") == "home/other"
    assert check(home, None, home) == "home"


def test_other_paths_of_the_request_lie_inside_too(home: Path) -> None:
    root = home / "src"
    assert check(home, "src/api", root, also=("..", "new-file", str(root))) == "home/src/api"
    assert check(home, "src/api", root, also=("../..",)) is OutsideRoots
    assert check(home, "src", root, also=("/etc",)) is OutsideRoots
    assert check(home, "src", also=("/etc",)) == "home/src"


def test_our_own_files_are_out_of_reach_even_without_roots(home: Path) -> None:
    assert check(home, ".config/claude-remote") is OutsideRoots
    assert check(home, "src", also=(str(home / ".config/claude-remote/server.key"),)) is OutsideRoots
    assert check(home, ".config") == "home/.config"


def test_who_must_stay_apart_does_not_work_above_our_own_files_either(home: Path) -> None:
    folders = Folders(home, [home / ".config/claude-remote"])
    for path, also, kind in (
        (None, (), OutsideRoots),
        (".config", (), OutsideRoots),
        ("src/../..", (), OutsideRoots),
        ("src", ("..",), OutsideRoots),
        ("src", ("../other",), type(None)),
    ):
        answer = folders.find(CheckFolder(1, path, (), also, apart=True))
        assert type(answer.error) is kind, path
    folders.close()


def test_a_disk_that_does_not_answer(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.05)

    async def ask() -> FolderChecked:
        released = asyncio.Event()
        loop = asyncio.get_running_loop()
        folders = Folders(home, [])

        def hang(command: CheckFolder) -> FolderChecked:
            asyncio.run_coroutine_threadsafe(released.wait(), loop).result(10)
            return FolderChecked(command.ticket)

        monkeypatch.setattr(folders, "find", hang)
        answer = await folders.check(CheckFolder(7, None, ()))
        released.set()
        folders.close()
        return answer

    answer = asyncio.run(ask())
    assert answer.ticket == 7
    assert isinstance(answer.error, TimedOut)


def test_a_name_in_other_letters_is_another_name(home: Path) -> None:
    # Also where the disk takes both for one: then it is refused too often, never too seldom.
    (home / "SRC").mkdir(exist_ok=True)
    assert check(home, "SRC", home / "src") is OutsideRoots
    assert check(home, "src", home / "SRC") is OutsideRoots


def test_our_own_files_by_another_name(home: Path) -> None:
    """A hard link to a folder is what a disk without regard to case, or a mount, amounts to."""
    folders = Folders(home, [home / "alias"])
    (home / "alias").symlink_to(home / ".config/claude-remote")
    answer = folders.find(CheckFolder(1, ".config/claude-remote", ()))
    folders.close()
    assert isinstance(answer.error, OutsideRoots)


_MOUNTED = """
    import subprocess, sys
    from pathlib import Path
    from claude_remote_broker.folders import Folders
    from claude_remote_broker.ports import CheckFolder

    home = Path(sys.argv[1])
    for name, what in (("src/mounted", home), ("src/config", home / ".config")):
        (home / name).mkdir()
        subprocess.run(["mount", "--bind", what, home / name], check=True)
    folders = Folders(home, [home / ".config/claude-remote"])
    for path, apart in (
        ("src/mounted/other", False),
        ("src/mounted/.config/claude-remote", False),
        ("src/config/claude-remote", False),
        ("src/config", True),
        ("src/mounted", True),
        ("src/api", True),
    ):
        answer = folders.find(CheckFolder(1, path, (str(home / "src"),), (), apart))
        print(path, type(answer.error).__name__)
    folders.close()
"""


@pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode != 0,
    reason="this system lets nobody mount",
)
def test_a_mount_below_a_root_belongs_to_it_but_never_with_our_own_files(home: Path) -> None:
    ran = subprocess.run(
        ["unshare", "-rm", sys.executable, "-c", textwrap.dedent(_MOUNTED), home],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        check=False,
    )
    assert ran.stderr == ""
    assert ran.stdout.splitlines() == [
        "src/mounted/other NoneType",
        "src/mounted/.config/claude-remote OutsideRoots",
        "src/config/claude-remote OutsideRoots",
        "src/config OutsideRoots",
        "src/mounted OutsideRoots",
        "src/api NoneType",
    ]


def test_a_link_that_turns_while_it_is_looked_at_leads_never_outside(home: Path) -> None:
    root, way = home / "src", home / "src/way"
    done = threading.Event()

    def turn() -> None:
        while not done.is_set():
            for to in (root / "api", home / "other"):
                (root / "next").symlink_to(to)
                (root / "next").replace(way)

    way.symlink_to(root / "api")
    turning = threading.Thread(target=turn)
    turning.start()
    try:
        answers = {check(home, "src/way", root) for _ in range(500)}
    finally:
        done.set()
        turning.join()
    # What is told is the real path that was compared, and not the name that may lead elsewhere by now.
    assert answers <= {"home/src/api", OutsideRoots}
