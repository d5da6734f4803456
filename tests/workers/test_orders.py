"""The zygote's end of its socket: what is reported when."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from claude_remote import codec, framing, launch
from claude_remote_workers.orders import Orders
from tests.workers.stage import REPORT

FORKED = launch.Forked(worker="young", pid=2, started=1.0)


@pytest.fixture
def orders(tmp_path: Path) -> Iterator[Orders]:
    orders = Orders(tmp_path / "z.sock")
    yield orders
    orders.close()


def exited(number: int) -> launch.Exited:
    return launch.Exited(worker=f"w{number}", pid=number, status=0)


def connect(orders: Orders) -> socket.socket:
    broker = socket.socket(socket.AF_UNIX)
    broker.connect(str(orders._path))
    assert list(orders.receive()) == []
    return broker


def heard(broker: socket.socket) -> list[launch.Report]:
    broker.setblocking(False)
    frames = framing.Decoder().feed(broker.recv(1 << 20))
    return [codec.unpack(frame.header, REPORT) for frame in frames]


def test_what_is_kept_for_the_next_broker_goes_out_behind_other_reports(orders: Orders) -> None:
    """Not at some later turn: nothing may come for seconds."""
    with connect(orders) as broker:
        orders.report(FORKED)
        orders.report(exited(1), keep=True)
        orders.report(exited(2), keep=True)
        orders.flush()
        assert heard(broker) == [FORKED, exited(1), exited(2)]
        assert not orders._kept


def test_what_no_broker_has_taken_the_next_one_gets(orders: Orders) -> None:
    orders.report(exited(1), keep=True)
    orders.report(FORKED)
    orders.flush()
    with connect(orders) as broker:
        orders.flush()
        assert heard(broker) == [exited(1)]
