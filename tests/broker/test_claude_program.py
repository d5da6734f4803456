from pathlib import Path

import pytest

from claude_remote_broker import claude_program
from claude_remote_broker.claude_program import ClaudeProgram, find_claude, is_logged_in, read_version
from claude_remote_broker.failure import Failure


def program(folder: Path, text: str, name: str = "claude") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


def test_the_order_in_which_claude_is_looked_for(tmp_path: Path) -> None:
    given = program(tmp_path / "given", "", "other-claude")
    named = program(tmp_path / "named", "")
    on_path = program(tmp_path / "path", "")
    environ = {"PATH": str(tmp_path / "path"), "CLAUDE_REMOTE_CLAUDE": str(named)}
    assert find_claude(str(given), environ) == given
    assert find_claude(None, environ) == named
    assert find_claude(None, {"PATH": str(tmp_path / "path")}) == on_path
    bundled = find_claude(None, {"PATH": str(tmp_path)})
    assert bundled.parts[-3:] == ("claude_agent_sdk", "_bundled", "claude")


def test_one_that_was_named_is_never_replaced_by_another(tmp_path: Path) -> None:
    environ = {"PATH": str(program(tmp_path, "").parent)}
    with pytest.raises(Failure, match=r"--claude names /nowhere/claude, which is not a program"):
        find_claude("/nowhere/claude", environ)
    with pytest.raises(Failure, match="CLAUDE_REMOTE_CLAUDE names"):
        find_claude(None, environ | {"CLAUDE_REMOTE_CLAUDE": "/nowhere/claude"})


def test_no_claude_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claude_program, "find_spec", lambda name: None)
    with pytest.raises(Failure, match="no claude found; install it with: pipx"):
        find_claude(None, {"PATH": str(tmp_path)})


def test_its_version(tmp_path: Path) -> None:
    path = program(tmp_path, 'echo "2.1.330 (Claude Code)"')
    assert read_version(path, {}) == ClaudeProgram(path, "2.1.330 (Claude Code)")


@pytest.mark.parametrize("text", ["exit 3", "true", "echo no >&2; exit 1"])
def test_a_program_that_is_not_claude(tmp_path: Path, text: str) -> None:
    with pytest.raises(Failure, match="is it claude"):
        read_version(program(tmp_path, text), {})


@pytest.mark.parametrize(("code", "expected"), [(0, True), (1, False), (7, None)])
def test_the_login_check(tmp_path: Path, code: int, expected: bool | None) -> None:
    path = program(tmp_path, f'test "$1 $2 $TOKEN" = "auth status t" || exit 9; exit {code}')
    assert is_logged_in(ClaudeProgram(path, "1"), {"TOKEN": "t"}) is expected


def test_a_login_check_that_hangs_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claude_program, "_LOGIN_TIMEOUT", 0.1)
    path = program(tmp_path, "exec sleep 5")
    assert is_logged_in(ClaudeProgram(path, "1"), {"PATH": "/bin:/usr/bin"}) is None
