"""The answers of requests that have one, or a list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from claude_remote import messages
from claude_remote.client.asking import ask
from claude_remote.client.link import Link
from claude_remote.client.pool import Pool
from claude_remote.errors import BadMessage
from claude_remote.messages import Message

# How long a server may take to answer a request that needs nothing of claude.
ANSWER_WITHIN = 60.0

M = TypeVar("M", bound=Message)


def ask_one(pool: Pool, request: Message, kind: type[M], payload: bytes = b"") -> M:
    """A request with one answer."""
    answers = ask_all(pool, request, kind, payload)
    if len(answers) != 1:
        raise BadMessage(f"{len(answers)} answers came where one belongs")
    return answers[0]


def ask_all(pool: Pool, request: Message, kind: type[M], payload: bytes = b"") -> list[M]:
    """A request with any number of answers of one kind."""

    def exchange(link: Link) -> list[M]:
        link.send(request, payload)
        return list(receive_all(link, kind))

    return ask(pool, request, exchange)


def receive_all(link: Link, kind: type[M], within: float = ANSWER_WITHIN) -> Iterator[M]:
    """Answers of one kind, to the end; `within` seconds for each."""
    while not isinstance(message := link.receive(within).message, messages.Done):
        yield expect(message, kind)


def expect_done(link: Link) -> None:
    """The end of a request."""
    expect(link.receive(ANSWER_WITHIN).message, messages.Done)


def expect(message: Message, kind: type[M]) -> M:
    """A message that has to be of this kind. Raises BadMessage."""
    if not isinstance(message, kind):
        raise BadMessage(f"the server answered {type(message).__name__} where {kind.__name__} belongs")
    return message
