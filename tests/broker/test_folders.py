import asyncio
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
