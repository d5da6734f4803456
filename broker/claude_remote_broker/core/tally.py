"""How many prompts wait, and how much text, by client: the bounds of the queues."""

from __future__ import annotations

from collections import Counter

from claude_remote.errors import QueueFull
from claude_remote_broker.core.limits import Limits


class Tally:
    """Counts what has been promised a place, from the first byte of its text to its end."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._prompts: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()

    def add(self, client: str, size: int) -> None:
        """Give a prompt its place. Raises QueueFull."""
        limits = self._limits
        if self._prompts[client] >= limits.prompts_of_client:
            raise QueueFull(f"{self._prompts[client]} of your prompts wait already")
        if self._prompts.total() >= limits.prompts_in_all:
            raise QueueFull(f"{self._prompts.total()} prompts wait already on this server")
        if self._bytes[client] + size > limits.prompt_bytes_of_client:
            raise QueueFull("the prompts of yours that wait are too long together; wait for one to run")
        if self._bytes.total() + size > limits.prompt_bytes_in_all:
            raise QueueFull("the prompts that wait on this server are too long together; try again later")
        self.recover(client, size)

    def recover(self, client: str, size: int) -> None:
        """A prompt that has its place from before, whatever the limits are now."""
        self._prompts[client] += 1
        self._bytes[client] += size

    def remove(self, client: str, size: int) -> None:
        """It has ended, or never came to be."""
        self._prompts[client] -= 1
        self._bytes[client] -= size
        if self._prompts[client] <= 0:
            del self._prompts[client], self._bytes[client]
