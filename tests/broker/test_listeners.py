"""Listening sockets, and the words for when that fails."""

import socket

import pytest

from claude_remote_broker.failure import Failure, FailureExit
from claude_remote_broker.listeners import open_tcp


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
