"""From many threads to the one of the window: posts are collected, and the window takes them all at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

MOST_WAITING = 5_000


class Mailbox(Generic[T]):
    """Bounded: who posts into a full one waits, so that a fast server fills its socket and not our memory.

    `notify` is called, from any thread, when the first post after a `take` comes in.
    """

    def __init__(self, notify: Callable[[], None], most: int = MOST_WAITING) -> None:
        self._notify = notify
        self._most = most
        self._posts: list[T] = []
        self._room = threading.Condition()
        self._closed = False

    def post(self, post: T) -> None:
        """Leave a post; waits while the box is full. After `close` it is dropped."""
        with self._room:
            self._room.wait_for(lambda: self._closed or len(self._posts) < self._most)
            if self._closed:
                return
            self._posts.append(post)
            first = len(self._posts) == 1
        if first:
            self._notify()

    def take(self) -> list[T]:
        """Everything that waits, in order."""
        with self._room:
            posts, self._posts = self._posts, []
            self._room.notify_all()
        return posts

    def close(self) -> None:
        """Nobody takes any more; nobody waits any more."""
        with self._room:
            self._closed = True
            self._posts.clear()
            self._room.notify_all()
