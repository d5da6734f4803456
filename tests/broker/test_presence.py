"""Who is here, and who was."""

from pathlib import Path

from claude_remote.visitors import SeenFile
from claude_remote_broker.presence import Presence


def test_connections_are_counted_and_visits_kept(tmp_path: Path) -> None:
    presence = Presence(SeenFile(tmp_path / "seen.json"))
    presence.arrived("a", "10.0.0.1")
    presence.arrived("a", "10.0.0.2")
    presence.left("a", "10.0.0.1")
    assert (presence.connections("a"), presence.connections("b")) == (1, 0)
    assert presence.stirred() == {"a"}
    assert presence.stirred() == set()
    presence.left("a", "10.0.0.2")
    assert presence.connections("a") == 0
    presence.save()
    again = Presence(SeenFile(tmp_path / "seen.json"))
    seen = again.last("a")
    assert seen is not None
    assert seen.address == "10.0.0.2"
    again.forget("a")
    again.save()
    assert Presence(SeenFile(tmp_path / "seen.json")).last("a") is None
