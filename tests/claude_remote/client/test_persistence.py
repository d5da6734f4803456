from __future__ import annotations

import pytest

from claude_remote.client import persistence
from claude_remote.client.persistence import Persistence, Watch
from claude_remote.errors import LinkLost, NoSpace, RemoteError, Restarting, Unreachable


class Notes(Watch):
    def __init__(self) -> None:
        self.said: list[str] = []

    def reconnecting(self, why: str) -> None:
        self.said.append(why)

    def reconnected(self) -> None:
        self.said.append("again")


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(persistence, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(persistence, "LONGEST_PAUSE", 0.001)


def attempts(patience: float | None, *errors: RemoteError | None, begun: bool = True) -> list[str]:
    """What is told when attempts end like this; each but those that cannot connect gets on first."""
    notes = Notes()
    trying = Persistence(notes, patience)
    left = list(errors)

    def attempt() -> None:
        error = left.pop(0)
        if begun and not isinstance(error, Unreachable):
            trying.came()
        if error is not None:
            raise error

    trying.run(attempt)
    assert not left
    return notes.said


def test_it_goes_on_until_it_is_done() -> None:
    assert attempts(30.0, None) == []
    assert attempts(30.0, LinkLost("lost"), None) == ["lost", "again"]
    assert attempts(None, LinkLost("lost"), Unreachable(), Unreachable(), None) == ["lost", "again"]
    assert attempts(30.0, LinkLost("one"), LinkLost("two"), None) == ["one", "again", "two", "again"]
    assert attempts(30.0, Restarting("restarts"), Unreachable(), None) == ["restarts", "again"]


def test_what_never_worked_or_cannot_pass_is_an_error() -> None:
    with pytest.raises(Unreachable):
        attempts(30.0, Unreachable(), None, begun=False)
    with pytest.raises(LinkLost):
        attempts(30.0, LinkLost(), None, begun=False)
    with pytest.raises(NoSpace):
        attempts(30.0, LinkLost(), NoSpace())


def test_patience_ends() -> None:
    with pytest.raises(LinkLost):
        attempts(0.0, LinkLost(), None)
    with pytest.raises(Unreachable):
        attempts(0.01, LinkLost(), *[Unreachable()] * 1000)
