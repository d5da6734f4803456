"""Where npm has put a claude, and what npm says when it fails: as seen on npm 11.19."""

from __future__ import annotations

from pathlib import Path

import pytest

from claude_remote.errors import UpdateFailed
from claude_remote_workers.updating import npm
from claude_remote_workers.updating.npm import PACKAGE, find_global, npm_words


def _install(modules: Path, link: Path) -> Path:
    program = modules / PACKAGE / "bin" / "claude.exe"
    program.parent.mkdir(parents=True)
    program.touch()
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(program)
    return link


def test_a_global_one_is_found_by_any_link_to_it(tmp_path: Path) -> None:
    link = _install(tmp_path / "lib" / "node_modules", tmp_path / "bin" / "claude")
    other = tmp_path / "elsewhere"
    other.symlink_to(link)
    for program in (link, other, link.resolve()):
        found = find_global(program)
        assert found is not None
        assert (found.prefix, found.program) == (tmp_path, link)


def test_what_is_not_npm_s(tmp_path: Path) -> None:
    program = tmp_path / "claude"
    program.touch()
    assert find_global(program) is None


@pytest.mark.parametrize(
    "modules",
    [
        "node_modules",
        "lib/node_modules/tool/node_modules",
        "global/5/node_modules/.pnpm/claude-code@2.1.332/node_modules",
        ".bun/install/global/node_modules",
    ],
)
def test_a_part_of_something_else(tmp_path: Path, modules: str) -> None:
    link = _install(tmp_path / modules, tmp_path / "bin" / "claude")
    with pytest.raises(UpdateFailed, match="not to an npm install --global"):
        find_global(link)


@pytest.mark.parametrize(
    ("settings", "channel"),
    [
        (None, "latest"),
        ('{"autoUpdatesChannel": "stable", "model": "opus"}', "stable"),
        ('{"autoUpdatesChannel": "../x"}', "latest"),
        ('{"autoUpdatesChannel": 3}', "latest"),
        ("{", "latest"),
    ],
)
def test_the_channel_is_claude_s_own_setting(tmp_path: Path, settings: str | None, channel: str) -> None:
    folder = tmp_path / ".claude"
    folder.mkdir()
    if settings is not None:
        (folder / "settings.json").write_text(settings)
    assert npm.channel({"HOME": str(tmp_path)}) == channel
    assert npm.channel({"HOME": "/", "CLAUDE_CONFIG_DIR": str(folder)}) == channel


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (
            """npm error code ECONNREFUSED
npm error syscall connect
npm error errno ECONNREFUSED
npm error FetchError: request to http://127.0.0.1:1/x failed, reason: connect ECONNREFUSED 127.0.0.1:1
npm error     at ClientRequest.<anonymous> (index.js:130:14)
npm error   address: '127.0.0.1',
npm error }""",
            "FetchError: request to http://127.0.0.1:1/x failed, reason: connect ECONNREFUSED 127.0.0.1:1",
        ),
        (
            """npm error code E404
npm error 404 No match found for version stable
npm error 404
npm error 404  The requested resource '@anthropic-ai/claude-code@stable' could not be found""",
            "No match found for version stable",
        ),
        (
            """npm warn EBADENGINE }
npm error code EACCES
npm error syscall rename
npm error path /opt/node/lib/node_modules/x
npm error dest /opt/node/lib/node_modules/.x
npm error errno -13
npm error Error: EACCES: permission denied, rename '/opt/node/lib/node_modules/x'""",
            "Error: EACCES: permission denied, rename '/opt/node/lib/node_modules/x'",
        ),
        ("npm error code EXIT\nsomething else\n", "npm error code EXIT; something else"),
        ("", ""),
    ],
)
def test_why_npm_failed(told: str, words: str) -> None:
    assert npm_words(told.encode()) == words
