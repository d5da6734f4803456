import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from claude_remote.version import VERSION
from claude_remote_broker.failure import Failure, FailureExit
from claude_remote_broker.state_lock import StateLock, read_holder


def test_the_second_is_refused_and_told_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "state" / "server.lock"
    first = StateLock(path)
    with pytest.raises(Failure, match=f"pid {os.getpid()}, starting; stop it first"):
        StateLock(path)
    first.tell("0.0.0.0:7433")
    with pytest.raises(Failure, match=rf"pid {os.getpid()}, listening on 0\.0\.0\.0:7433") as caught:
        StateLock(path)
    assert caught.value.exit_code == FailureExit.TRY_AGAIN
    holder = read_holder(path)
    assert holder is not None
    assert (holder.pid, holder.address, holder.version) == (os.getpid(), "0.0.0.0:7433", VERSION)
    first.release()
    assert read_holder(path) is None
    StateLock(path).release()


def test_it_ends_with_its_process_and_is_not_inherited(tmp_path: Path) -> None:
    path = tmp_path / "server.lock"
    holder = (
        "import os, subprocess, sys\n"
        "from pathlib import Path\n"
        "from claude_remote_broker.state_lock import StateLock\n"
        "lock = StateLock(Path(sys.argv[1]))\n"
        "child = subprocess.Popen(['sleep', '60'], close_fds=False, stdout=-3, stderr=-3)\n"
        "print(child.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", holder, path], capture_output=True, timeout=20, check=False)
    try:
        assert done.returncode == -9
        StateLock(path).release()
    finally:
        os.kill(int(done.stdout), 9)


def test_it_is_handed_over_to_the_next_life_of_the_process(tmp_path: Path) -> None:
    path = tmp_path / "server.lock"
    first = StateLock(path)
    first.tell("0.0.0.0:7433")
    first.tell_problem("it would not start")
    before = read_holder(path)
    assert before is not None
    assert (before.address, before.problem) == ("0.0.0.0:7433", "it would not start")
    second = StateLock(path, first.descriptor)
    after = read_holder(path)
    assert after is not None
    assert (after.pid, after.address, after.problem) == (before.pid, "", "")
    assert after.since > before.since
    second.release()
    assert read_holder(path) is None


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Failure, match="cannot use"):
        StateLock(tmp_path / "file" / "server.lock")


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        with pytest.raises(Failure, match="No space left"):
            StateLock(tmp_path / "server.lock")
    StateLock(tmp_path / "server.lock").release()
