"""From many threads to the one of the window: posts are collected, and the window takes them all at once."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

MOST_WAITING = 5_000


class Mailbox(Generic[T]):
    """Bounded by what the posts in it weigh together: who posts into a full one waits, so that a fast server
    fills its socket and not our memory.

    `notify` is called, from any thread, when a post comes into an empty box. Whoever makes the box takes from
    it: a post of that thread does not wait.
    """

    def __init__(
        self, notify: Callable[[], None], most: int = MOST_WAITING, weigh: Callable[[T], int] = lambda _: 1
    ) -> None:
        self._notify = notify
        self._most = most
        self._weigh = weigh
        self._posts: list[T] = []
        self._weight = 0
        self._room = threading.Condition()
        self._closed = False
        self._taker = threading.get_ident()

    def post(self, post: T) -> None:
        """Leave a post; waits while the box is full. After `close` it is dropped."""
        with self._room:
            if threading.get_ident() != self._taker:  # who would make room then?
                self._room.wait_for(lambda: self._closed or self._weight < self._most)
            if self._closed:
                return
            self._posts.append(post)
            self._weight += self._weigh(post)
            first = len(self._posts) == 1
        if first:
            self._notify()

    def take(self, most: float = math.inf) -> tuple[list[T], bool]:
        """What waits, in order: all of it, or as much as weighs `most` together, and one at least.

        And whether more waits: then nobody is notified, and it is for the taker to come again.
        """
        with self._room:
            end, weight = 0, 0
            while end < len(self._posts) and (not end or weight < most):
                weight += self._weigh(self._posts[end])
                end += 1
            posts, self._posts = self._posts[:end], self._posts[end:]
            self._weight -= weight
            self._room.notify_all()
            return posts, bool(self._posts)

    def close(self) -> None:
        """Nobody takes any more; nobody waits any more."""
        with self._room:
            self._closed = True
            self._posts.clear()
            self._room.notify_all()
