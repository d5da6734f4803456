"""What a packet has freed serves the next one, and is not given back to the system each time."""

from __future__ import annotations

import subprocess
import sys

import pytest

from claude_remote.transfer import sizes

_PROGRAM = f"""
import resource
from claude_remote.transfer.memory import keep_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def move():
    packets = [bytearray({sizes.PACKET}) for _ in range(4)]
    del packets

keep_memory()
move()
before = faults()
for _ in range(100):
    move()
print(faults() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="that is glibc's")
def test_memory_is_kept() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, timeout=60, check=True
    )
    # With none kept, each of these packets would cost a fault for each of its pages.
    assert int(ran.stdout) < 100 * 4 * sizes.PACKET / 4096 / 10
