"""What the shell is told at a Tab."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from claude_remote import fingerprints, messages
from claude_remote.cli import COMMANDS, main
from claude_remote.cli.completion import names, script
from claude_remote.known_servers import KnownServer, KnownServers
from claude_remote.paths import Paths
from tests.claude_remote.client.scripted import Connection, session_info
from tests.claude_remote.serving import Serve

Capture = pytest.CaptureFixture[bytes]


def completed(capture: Capture, *words: str, shell: str = "zsh") -> list[str]:
    assert main(["completion", shell, "--words", *words]) == 0
    told = capture.readouterr()
    assert told.err == b""
    return told.out.decode().splitlines()


@pytest.fixture
def two_sessions(serve_locally: Serve) -> None:
    def script(server: Connection) -> None:
        server.hello()
        server.expect(messages.ListSessions)
        old = session_info(name="my session", changed=1.0)
        server.send(messages.Sessions(sessions=(old, session_info(name="fix-test", changed=2.0))))
        server.send(messages.Done())

    serve_locally(script)


@pytest.mark.parametrize(
    "words",
    [
        ["attach", ""],
        ["logs", ""],
        ["send", ""],
        ["stop", "fix-test", ""],
        ["close", ""],
        ["wait", "--timeout", "5", ""],
        ["rename", ""],
        ["interrupt", ""],
        ["-r", ""],
        ["-p", "x", "--resume", ""],
    ],
    ids=" ".join,
)
def test_sessions_the_latest_first(two_sessions: None, capsysbinary: Capture, words: list[str]) -> None:
    assert completed(capsysbinary, *words) == ["fix-test", "my session"]


def test_names_are_fit_for_bash(two_sessions: None, capsysbinary: Capture) -> None:
    assert completed(capsysbinary, "attach", "m", shell="bash") == ["'my session'"]


def test_commands_options_and_values(paths: Paths, capsysbinary: Capture) -> None:
    assert completed(capsysbinary, "") == list(COMMANDS)
    assert completed(capsysbinary, "se") == ["send", "server-logs", "servers", "sessions"]
    assert completed(capsysbinary, "-s", "home", "at") == ["attach"]
    assert completed(capsysbinary, "attach", "x", "--no") == ["--no-follow"]
    assert completed(capsysbinary, "attach", "x", "--output-format", "j") == ["json"]
    assert completed(capsysbinary, "--output-format=st") == ["--output-format=stream-json"]
    assert completed(capsysbinary, "--permission-mode", "acc") == ["acceptEdits"]
    assert "--max-turns" in completed(capsysbinary, "-p", "--m")
    assert completed(capsysbinary, "servers", "fo") == ["forget"]
    assert completed(capsysbinary, "completion", "f") == ["fish"]


def test_servers(paths: Paths, capsysbinary: Capture) -> None:
    for name in ("home", "work"):
        known = KnownServer(
            name=name,
            address=f"{name}.lan:7433",
            fingerprint=fingerprints.of(b"x"),
            certificate=b"x",
            provisional=False,
            added=1.0,
        )
        KnownServers(paths.known_servers).put(known)
    for words in (["-s", ""], ["ping", "-s", ""], ["servers", "forget", ""]):
        assert completed(capsysbinary, *words) == ["home", "work"]


@pytest.mark.parametrize(
    "words",
    [
        ["attach", ""],
        ["attach", "--help", ""],
        ["--timeout"],
        ["-p", "some", "words"],
        ["nonsense", ""],
        ["attach", "-s", "nowhere", ""],
        ["--", ""],
        ["ping", "--no-such", ""],
    ],
    ids=" ".join,
)
def test_when_there_is_nothing_to_tell_nothing_is_said(
    paths: Paths, capsysbinary: Capture, words: list[str]
) -> None:
    assert completed(capsysbinary, *words) in ([], ["--timeout"])


def test_a_server_that_does_not_answer_is_not_waited_for(
    serve_locally: Serve, capsysbinary: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "WITHIN", 0.05)
    over = threading.Event()
    serve_locally(lambda _: over.wait(20) and None)
    try:
        assert completed(capsysbinary, "attach", "") == []
    finally:
        over.set()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_are_printed(capsysbinary: Capture, shell: str) -> None:
    assert main(["completion", shell]) == 0
    assert capsysbinary.readouterr().out.decode() == script(shell)


@pytest.mark.e2e
def test_bash_understands_its_script(two_sessions: None, paths: Paths, tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "claude-remote"
    run = f"{sys.executable} -c 'import sys; from claude_remote.cli import main; sys.exit(main())'"
    program.write_text(f'#!/bin/sh\nexec {run} "$@"\n')
    program.chmod(0o755)
    asked = """
        eval "$(claude-remote completion bash)"
        COMP_WORDS=(claude-remote attach "") COMP_CWORD=2
        _claude_remote
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    ran = subprocess.run(
        [bash, "-c", f'PATH="{folder}:$PATH"; {asked}'],
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": ":".join(sys.path),
            "CLAUDE_REMOTE_HOME": str(tmp_path / "home"),
        },
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert (ran.stdout, ran.stderr) == ("fix-test\n'my session'\n", "")
