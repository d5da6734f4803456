"""Accepting when there is nothing left to accept with."""

import asyncio
import logging
import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.broker.house import on_uvloop, open_house


class Descriptors:
    """All that are left to this process."""

    def __init__(self) -> None:
        self.taken: list[int] = []

    def take(self) -> bool:
        try:
            self.taken.append(os.dup(0))
        except OSError:
            return False
        return True


@contextmanager
def few_descriptors() -> Iterator[Descriptors]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    descriptors = Descriptors()
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    try:
        yield descriptors
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        for descriptor in descriptors.taken:
            os.close(descriptor)


@on_uvloop
async def test_running_out_of_descriptors_is_survived(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_house(tmp_path) as house:
        client = await house.approved()
        guest = await house.guest(client)
        with socket.socket() as visitor, few_descriptors() as descriptors:
            while descriptors.take():
                pass
            visitor.connect((house.host, house.port))
            async with asyncio.timeout(10):
                while "cannot accept" not in caplog.text:
                    await guest.ping()  # those who are inside notice nothing
        assert [record.levelno for record in caplog.records] == [logging.WARNING]
        await house.serves(client)
