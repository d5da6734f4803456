"""What killed workers leave. Processes of theirs: see test_launcher."""

import os
import uuid
from pathlib import Path

from claude_remote_broker.remains import Remains
from claude_remote_workers.spill import Spill


def test_a_spill_file_goes_when_its_worker_has_gone_and_not_before(tmp_path: Path) -> None:
    remains = Remains(tmp_path / "zygote.sock", "nobody", tmp_path / "spill")
    remains.remove_files()  # no folder, no files
    living, dead = (Spill(tmp_path / "spill", str(uuid.uuid4()), epoch, 100) for epoch in (1, 27))
    place = living.put(b"kept")
    dead.put(b"lost")
    # As a SIGKILL does it: closed by the system, and not removed.
    assert dead._file is not None
    os.close(dead._file)
    (tmp_path / "spill" / "of somebody else").touch()
    remains.remove_files()
    assert {path.name for path in (tmp_path / "spill").iterdir()} == {living.path.name, "of somebody else"}
    assert place is not None
    assert living.get(place, 4) == b"kept"
    living.close()
    assert not living.path.exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "spill").mkdir()
    (tmp_path / "precious").touch()
    link = tmp_path / "spill" / f"{uuid.uuid4()}.1"
    link.symlink_to(tmp_path / "precious")
    Remains(tmp_path / "zygote.sock", "nobody", tmp_path / "spill").remove_files()
    assert (tmp_path / "precious").exists()
