"""Listening sockets, and the words for when that fails."""

import os
import socket
from pathlib import Path

import pytest

from claude_remote_broker.failure import Failure, FailureExit
from claude_remote_broker.listeners import make_own_folder, open_tcp


def test_a_free_port_is_picked() -> None:
    (listener,) = open_tcp("127.0.0.1", 0)
    with socket.create_connection(listener.socket.getsockname()):
        pass
    listener.close()


def test_a_name_with_several_addresses_has_one_port() -> None:
    listeners = open_tcp("localhost", 0)
    assert len({listener.socket.getsockname()[1] for listener in listeners}) == 1
    for listener in listeners:
        listener.close()


def test_a_port_in_use() -> None:
    (listener,) = open_tcp("127.0.0.1", 0)
    port = listener.socket.getsockname()[1]
    with pytest.raises(Failure, match=f"127.0.0.1 port {port}: another program does") as failed:
        open_tcp("127.0.0.1", port)
    assert failed.value.exit_code is FailureExit.TRY_AGAIN
    listener.close()


def test_an_address_of_another_machine() -> None:
    with pytest.raises(Failure, match="does not have that address"):
        open_tcp("192.0.2.1", 0)


def test_a_name_that_nobody_has() -> None:
    with pytest.raises(Failure, match=r"cannot listen on nowhere\.invalid"):
        open_tcp("nowhere.invalid", 0)


def test_a_folder_for_sockets_is_ours_alone(tmp_path: Path) -> None:
    make_own_folder(tmp_path / "run")
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700
    (tmp_path / "open").mkdir(mode=0o755)
    with pytest.raises(Failure, match="nobody else"):
        make_own_folder(tmp_path / "open")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make what belongs to somebody else")
@pytest.mark.parametrize("kind", ["folder", "link"])
def test_a_folder_that_somebody_has_put_there(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "run"
    if kind == "folder":
        path.mkdir(mode=0o700)
    else:
        (tmp_path / "ours").mkdir(mode=0o700)
        path.symlink_to(tmp_path / "ours")
    os.lchown(path, 65534, 65534)
    with pytest.raises(Failure, match="somebody else's"):
        make_own_folder(path)
