from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_remote import files
from claude_remote.messages import ClientState
from claude_remote.trust import TrustedClient
from claude_remote.visitors import MAX_PENDING, MAX_PENDING_PER_ADDRESS, MAX_SEEN, PendingFile, Seen, SeenFile
from tests.claude_remote.test_trust import client


def waiting(name: str, address: str) -> TrustedClient:
    return client(name, state=ClientState.PENDING, rights=(), roots=(), address=address)


def names(pending: PendingFile) -> list[str]:
    return [one.name for one in pending.clients.values()]


def test_who_waits_still_waits_after_a_restart(tmp_path: Path) -> None:
    pending = PendingFile(tmp_path / "state" / "pending.json")
    assert pending.put(waiting("a", "192.0.2.1")) == ()
    assert pending.put(waiting("b", "192.0.2.2")) == ()
    pending.save()
    again = PendingFile(tmp_path / "state" / "pending.json")
    assert dict(again.clients) == dict(pending.clients)
    assert again.remove(waiting("a", "").fingerprint) is not None
    assert again.remove(waiting("a", "").fingerprint) is None
    again.save()
    assert names(PendingFile(tmp_path / "state" / "pending.json")) == ["b"]


def test_what_changes_while_it_is_written_is_written_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pending = PendingFile(tmp_path / "pending.json")
    pending.put(waiting("a", "192.0.2.1"))

    def replace(path: Path, content: bytes) -> None:
        pending.put(waiting("b", "192.0.2.2"))
        write(path, content)

    write = files.replace
    with monkeypatch.context() as patch:
        patch.setattr(files, "replace", replace)
        pending.save()
    pending.save()
    assert names(PendingFile(tmp_path / "pending.json")) == ["a", "b"]


def test_what_could_not_be_written_is_written_later(tmp_path: Path) -> None:
    seen = SeenFile(tmp_path / "state" / "seen.json")
    seen.note("SHA256:a", 1.0, "192.0.2.1")
    (tmp_path / "state").touch()
    with pytest.raises(OSError, match="state"):
        seen.save()
    (tmp_path / "state").unlink()
    seen.save()
    assert SeenFile(tmp_path / "state" / "seen.json").seen == {"SHA256:a": Seen(1.0, "192.0.2.1")}


def test_ringing_again_changes_nothing(tmp_path: Path) -> None:
    pending = PendingFile(tmp_path / "pending.json")
    first = waiting("a", "192.0.2.1")
    pending.put(first)
    assert pending.put(waiting("a", "198.51.100.7")) == ()
    assert list(pending.clients.values()) == [first]


def test_one_address_drops_its_own_oldest(tmp_path: Path) -> None:
    pending = PendingFile(tmp_path / "pending.json")
    pending.put(waiting("somebody", "192.0.2.1"))
    for number in range(MAX_PENDING_PER_ADDRESS):
        assert pending.put(waiting(f"flood {number}", "198.51.100.7")) == ()
    assert [one.name for one in pending.put(waiting("flood x", "198.51.100.7"))] == ["flood 0"]
    assert "somebody" in names(pending)
    assert len(pending.clients) == MAX_PENDING_PER_ADDRESS + 1


def test_an_ipv6_network_and_a_mapped_address_count_as_one(tmp_path: Path) -> None:
    pending = PendingFile(tmp_path / "pending.json")
    for number in range(MAX_PENDING_PER_ADDRESS):
        pending.put(waiting(f"six {number}", f"2001:db8::{number:x}"))
    assert [one.name for one in pending.put(waiting("six x", "2001:db8::ffff:1"))] == ["six 0"]
    assert pending.put(waiting("other network", "2001:db8:0:1::1")) == ()
    for number in range(MAX_PENDING_PER_ADDRESS):
        pending.put(waiting(f"four {number}", "192.0.2.1"))
    assert [one.name for one in pending.put(waiting("four x", "::ffff:192.0.2.1"))] == ["four 0"]


def test_a_full_table_drops_the_oldest_of_the_address_with_most(tmp_path: Path) -> None:
    pending = PendingFile(tmp_path / "pending.json")
    for number in range(MAX_PENDING - 3):
        pending.put(waiting(f"single {number}", f"192.0.2.{number}"))
    for number in range(3):
        pending.put(waiting(f"flood {number}", "198.51.100.7"))
    assert [one.name for one in pending.put(waiting("new", "203.0.113.1"))] == ["flood 0"]
    assert len(pending.clients) == MAX_PENDING


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 12)), max_size=300))
def test_never_more_than_the_bounds(
    tmp_path_factory: pytest.TempPathFactory, rings: list[tuple[int, int]]
) -> None:
    pending = PendingFile(tmp_path_factory.mktemp("pending") / "pending.json")
    for name, address in rings:
        one = waiting(str(name), f"192.0.2.{address}")
        dropped = pending.put(one)
        assert one.fingerprint in pending.clients
        assert not {gone.fingerprint for gone in dropped} & pending.clients.keys()
        assert len(pending.clients) <= MAX_PENDING
        assert max(pending._count().values()) <= MAX_PENDING_PER_ADDRESS


@pytest.mark.parametrize("rubbish", [b"", b"[1]", b"\xff", b'[{"name": "\xff"}]', b"null"])
def test_rubbish_is_kept_aside_and_the_notes_begin_anew(tmp_path: Path, rubbish: bytes) -> None:
    path = tmp_path / "notes.json"
    for kind in (PendingFile, SeenFile):
        path.write_bytes(rubbish)
        (aside,) = kind(path).kept_aside
        assert aside.read_bytes() == rubbish
        assert not path.exists()


def test_last_seen(tmp_path: Path) -> None:
    visits = SeenFile(tmp_path / "seen.json")
    visits.note("a", 1.5, "192.0.2.1")
    visits.note("b", 2.5, "192.0.2.2")
    visits.note("a", 3.5, "192.0.2.3")
    visits.save()
    again = SeenFile(tmp_path / "seen.json")
    assert list(again.seen.items()) == [("b", Seen(2.5, "192.0.2.2")), ("a", Seen(3.5, "192.0.2.3"))]
    again.forget("b")
    again.forget("nobody")
    again.save()
    assert set(SeenFile(tmp_path / "seen.json").seen) == {"a"}


def test_nothing_is_written_when_nothing_changed(tmp_path: Path) -> None:
    SeenFile(tmp_path / "seen.json").save()
    PendingFile(tmp_path / "pending.json").save()
    assert list(tmp_path.iterdir()) == []


def test_last_seen_is_bounded(tmp_path: Path) -> None:
    visits = SeenFile(tmp_path / "seen.json")
    for number in range(MAX_SEEN + 5):
        visits.note(str(number), float(number), "")
    assert len(visits.seen) == MAX_SEEN
    assert "4" not in visits.seen
    assert "5" in visits.seen
