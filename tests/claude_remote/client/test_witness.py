"""What a client has seen of a server's audit, and what it says when that is not there any more."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from claude_remote import connect, messages
from claude_remote.client.client import Client
from claude_remote.client.witness import MOST_SERVERS, Seen, WitnessFile, look
from tests.claude_remote.client.scripted import Connection
from tests.claude_remote.serving import Serve


def head(seq: int, letter: str = "a") -> messages.AuditHead:
    return messages.AuditHead(seq=seq, hash=letter * 64)


@pytest.fixture
def file(tmp_path: Path) -> WitnessFile:
    return WitnessFile(tmp_path / "state/witness.json")


class Meets:
    """Connects to a server whose audit ends here, and which answers a question with that."""

    def __init__(self, serve: Serve) -> None:
        self.asked: list[int] = []
        self._there: messages.AuditHead | None = None
        serve(*[self._script] * 10)

    def _script(self, server: Connection) -> None:
        server.hello()
        self.asked.append(server.expect(messages.CheckAudit).seq)
        server.send(messages.AuditSeen(head=self._there))
        server.send(messages.Done())

    def __call__(
        self, file: WitnessFile, ends: messages.AuditHead, there: messages.AuditHead | None = None
    ) -> str:
        self._there = there
        with connect() as client:
            return self._look(client, file, ends)

    def _look(self, client: Client, file: WitnessFile, ends: messages.AuditHead) -> str:
        client.hello = msgspec.structs.replace(client.hello, audit=ends)
        return look(client, file)


@pytest.fixture
def meets(serve_locally: Serve) -> Meets:
    return Meets(serve_locally)


def forget_when_asked(file: WitnessFile) -> None:
    """As if the last question was long ago."""
    ((server, seen),) = file.all().items()
    file.remember(server, msgspec.structs.replace(seen, asked=0.0))


def test_a_head_that_grows_is_remembered(meets: Meets, file: WitnessFile) -> None:
    assert meets(file, head(3)) == ""
    assert meets(file, head(3)) == ""
    assert meets(file, head(5, "b")) == ""
    ((_, seen),) = file.all().items()
    assert (seen.seq, seen.hash) == (5, "b" * 64)
    assert meets.asked == []


def test_now_and_then_the_server_is_asked(meets: Meets, file: WitnessFile) -> None:
    meets(file, head(3))
    forget_when_asked(file)
    assert meets(file, head(5, "b"), head(3)) == ""
    assert meets.asked == [3]
    assert meets(file, head(6, "c")) == ""
    assert meets.asked == [3]


@pytest.mark.parametrize(
    ("ends", "there", "words"),
    [
        (head(2), None, "now it ends at record 2"),
        (head(3, "f"), None, "record 3 is another now"),
        (head(9, "f"), head(3, "f"), "record 3 is another now"),
        (head(9, "f"), None, "record 3 is another now"),
    ],
)
def test_a_past_that_changed_is_told_again_and_again(
    meets: Meets, file: WitnessFile, ends: messages.AuditHead, there: messages.AuditHead | None, words: str
) -> None:
    meets(file, head(3))
    for _ in range(2):
        forget_when_asked(file)
        assert words in meets(file, ends, there)
    ((_, seen),) = file.all().items()
    assert (seen.seq, seen.hash) == (3, "a" * 64)


def test_it_holds_so_many_servers_and_survives_rubbish(tmp_path: Path) -> None:
    path = tmp_path / "witness.json"
    path.write_bytes(b"\xff not json")
    file = WitnessFile(path)
    assert file.all() == {}
    for number in range(MOST_SERVERS + 5):
        file.remember(str(number), Seen(seq=1, hash="a", at=1.0))
    assert [*file.all()] == [str(number) for number in range(5, MOST_SERVERS + 5)]
    assert path.stat().st_mode & 0o077 == 0
    WitnessFile(Path("/proc/nowhere/witness.json")).remember("x", Seen(seq=1, hash="a", at=1.0))
