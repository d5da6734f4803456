"""The bus: the verbs that come from workers and go to them."""

from __future__ import annotations

from claude_remote import bus
from claude_remote_broker.ports.base import Command, Event


class FromWorker(Event, frozen=True):
    """A verb that a worker sent. The core knows the worker by `route` once its Ready was accepted."""

    route: bytes
    verb: bus.Verb
    payload: bytes = b""


class ToWorker(Command, frozen=True):
    """A verb for the worker behind a route. Whether it arrives is not known until the worker says so."""

    route: bytes
    verb: bus.Verb
    payload: bytes = b""
