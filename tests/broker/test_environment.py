from pathlib import Path

import pytest

from claude_remote_broker.environment import claude_environment, read_additions
from claude_remote_broker.failure import Failure


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "env"
    path.write_text(text)
    return path


def test_claude_gets_the_servers_environment_without_the_marks_of_a_nested_start(tmp_path: Path) -> None:
    environ = {
        "PATH": "/bin",
        "ANTHROPIC_API_KEY": "sk-1",
        "CLAUDE_CONFIG_DIR": "/c",
        "CLAUDE_CODE_USE_BEDROCK": "1",
        "CLAUDECODE": "1",
        "CLAUDE_CODE_CHILD_SESSION": "1",
        "CLAUDE_CODE_SESSION_ID": "x",
        "CLAUDE_CODE_MESSAGING_SOCKET": "/s",
        "CLAUDE_CODE_MESSAGING_TOKEN": "t",
        "CLAUDE_PID": "1",
        "CLAUDE_EFFORT": "high",
        "CLAUDE_REMOTE_LEASE": "a.b.1",
        "NOTIFY_SOCKET": "/run/notify",
        "WATCHDOG_USEC": "1",
    }
    assert claude_environment(environ, tmp_path / "missing") == {
        "PATH": "/bin",
        "ANTHROPIC_API_KEY": "sk-1",
        "CLAUDE_CONFIG_DIR": "/c",
        "CLAUDE_CODE_USE_BEDROCK": "1",
    }


def test_the_file_adds_and_wins(tmp_path: Path) -> None:
    path = write(tmp_path, "HTTPS_PROXY=http://p:1\nPATH=/usr/bin\n")
    assert claude_environment({"PATH": "/bin", "A": "b"}, path) == {
        "PATH": "/usr/bin",
        "A": "b",
        "HTTPS_PROXY": "http://p:1",
    }


def test_quotes_comments_and_export(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "# tokens\n\nPLAIN=a b # comment\nHASH=a#b\nEMPTY=\nexport EXPORTED=yes\n  SINGLE = 'no'\n".replace(
            " = ", "="
        )
        + "RAW='a \\n \"b\" # c'  # comment\n"
        + 'DOUBLE="a\\nb \\"c\\" \\\\ $d"\n'
        + "EQUALS=a=b\r\n",
    )
    assert read_additions(path) == {
        "PLAIN": "a b",
        "HASH": "a#b",
        "EMPTY": "",
        "EXPORTED": "yes",
        "SINGLE": "no",
        "RAW": 'a \\n "b" # c',
        "DOUBLE": 'a\nb "c" \\ $d',
        "EQUALS": "a=b",
    }


@pytest.mark.parametrize(
    "line",
    [
        "sk-ant-secret",
        "1A=sk-ant-secret",
        "A B=sk-ant-secret",
        "A='sk-ant-secret",
        'A="sk-ant-secret',
        "A='x'sk-ant-secret",
    ],
)
def test_a_bad_line_is_named_by_its_number_and_never_shown(tmp_path: Path, line: str) -> None:
    path = write(tmp_path, f"GOOD=1\n{line}\n")
    with pytest.raises(Failure) as caught:
        read_additions(path)
    assert f"{path}, line 2: " in caught.value.message
    assert "secret" not in caught.value.message


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "env"
    path.write_bytes(b"A=\xff")
    with pytest.raises(Failure, match="UTF-8"):
        read_additions(path)
