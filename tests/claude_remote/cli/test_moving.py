"""How files are named on the command line, and what is said of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from claude_remote import fingerprints
from claude_remote.cli.moving.names import Remote, read_remote, read_remotes
from claude_remote.cli.moving.tellers import BarTeller, JsonTeller, Teller
from claude_remote.cli.terminal import Terminal
from claude_remote.errors import BadOption, Changed, NoSuchFile
from claude_remote.known_servers import KnownServer, KnownServers


@pytest.fixture
def known(tmp_path: Path) -> KnownServers:
    servers = KnownServers(tmp_path / "known_servers.toml")
    servers.put(
        KnownServer(
            name="home",
            address="home.lan:7433",
            fingerprint=fingerprints.of(b"der"),
            certificate=b"der",
            provisional=False,
            added=0.0,
        )
    )
    return servers


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("file", Remote(None, None, b"file")),
        ("/abs/file", Remote(None, None, b"/abs/file")),
        ("home:file", Remote("home", None, b"file")),
        ("home:", Remote("home", None, b".")),
        ("other:file", Remote(None, None, b"other:file")),
        ("./home:file", Remote(None, None, b"./home:file")),
        ("@fix/src/x", Remote(None, "fix", b"src/x")),
        ("@fix", Remote(None, "fix", b".")),
        ("@fix/", Remote(None, "fix", b".")),
        ("home:@fix/*.py", Remote("home", "fix", b"*.py")),
        ("./@fix", Remote(None, None, b"./@fix")),
        ("a\udcff", Remote(None, None, b"a\xff")),
    ],
)
def test_names(known: KnownServers, text: str, meant: Remote) -> None:
    assert read_remote(text, known) == meant


def test_names_belong_together(known: KnownServers) -> None:
    assert len(read_remotes(["home:a", "home:b"], known)) == 2
    for wrong in (["home:a", "b"], ["@x/a", "@y/b"], ["@/a"], [""], ["a", ""]):
        with pytest.raises(BadOption):
            read_remotes(wrong, known)


def tell(teller: Teller) -> int:
    with teller:
        teller.planned(2, 30)
        teller.began(b"a\x1b[31m", 10)
        teller.resumed(b"a\x1b[31m", 4)
        teller.moved(6)
        teller.done(b"a\x1b[31m")
        teller.failed(b"b", NoSuchFile("b\x1b]0;: no"))
        teller.failed(b"c", Changed())
        teller.reconnecting("lost")
        teller.reconnected()
    return teller.code


def test_events_are_lines_of_json(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert tell(JsonTeller(Terminal())) == 2
    out = capsysbinary.readouterr().out
    events = [json.loads(line) for line in out.splitlines()]
    assert [event.pop("event") for event in events] == [
        *("planned", "file", "resumed", "done", "failed", "failed", "reconnecting", "reconnected", "finished")
    ]
    assert events[-1].pop("seconds") >= 0
    assert events[-1] == {"files": 1, "bytes": 6, "failed": 2}
    assert b"\x1b" not in out


def test_without_a_terminal_only_trouble_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert tell(Teller(Terminal())) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "\x1b" not in said.err
    assert "no" in said.err
    assert "reconnecting" in said.err


def test_bars_show_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    assert tell(BarTeller(Terminal())) == 2
    said = capsys.readouterr().err
    assert "\x1b]0;" not in said
    assert "1 file, 6 bytes" in said
