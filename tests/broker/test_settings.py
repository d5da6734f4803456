from pathlib import Path

import click
from click.testing import CliRunner

from claude_remote_broker.cli.options import server_options
from claude_remote_broker.settings import Settings


def parsed(*words: str) -> Settings:
    found: list[Settings] = []

    @click.command()
    @server_options
    def command(settings: Settings) -> None:
        found.append(settings)

    result = CliRunner().invoke(command, list(words))
    assert result.exit_code == 0, result.output
    return found[0]


def test_what_a_service_is_started_with_means_what_was_said(tmp_path: Path) -> None:
    words = [
        "-a",
        "::",
        "-p",
        "0",
        "--socket",
        str(tmp_path / "s"),
        "--workers",
        "1:3",
        "--idle",
        "90s",
        "--warm",
        "0",
        "--claude",
        "/c",
    ]
    settings = parsed(*words, "-C", str(tmp_path), "--no-gui", "--log-level", "debug")
    assert parsed(*settings.arguments()) == settings
    assert parsed() == Settings()
    assert Settings().arguments() == []


def test_where_it_listens() -> None:
    assert parsed().tcp == ("0.0.0.0", 7433)
    assert parsed("-p", "0").tcp == ("0.0.0.0", 0)
    assert parsed("--unix", "/s").tcp is None
    assert parsed("--unix", "/s", "-p", "1").tcp == ("0.0.0.0", 1)
