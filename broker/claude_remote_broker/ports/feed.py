"""The feed: what everybody who watches is told."""

from __future__ import annotations

from claude_remote import feed
from claude_remote_broker.ports.base import Command


class Publish(Command, frozen=True):
    """Put this on the PUB socket."""

    published: feed.Published
