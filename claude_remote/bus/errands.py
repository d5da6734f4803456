"""Errands: the verbs of a worker without a lease."""

from __future__ import annotations

from msgspec import field

from claude_remote.bus.base import Positive, Verb
from claude_remote.messages import Detail, Word, Words


class Begin(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to an errand's Ready: what it is to do. Payload: the request's.

    `request` is the client's message, packed. `client` is who asks, `roots` the folders that it may use
    (none: all), `cwd` the real path of where to begin, if the request names a folder. `certificate` is the
    client's, DER, if it has come by TLS: by it the errand knows it on a direct connection.
    """

    request: bytes
    client: str
    roots: tuple[str, ...] = ()
    cwd: str = ""
    certificate: bytes = b""


class Parcel(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """Both ways: one of the client's or for the client, as it is. See claude_remote.messages.errands."""

    header: bytes
    urgent: bool = False


class Direct(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """An errand listens for a direct connection of its client's (claude_remote.direct).

    Payload: the certificate that it will show there, DER.
    """


class Credit(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """Both ways: so many parcels were taken."""

    parcels: Positive


class Dismiss(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """To an errand: end. Its client is gone, or has cancelled, or has been told that it is done."""


class Over(Verb, frozen=True, kw_only=True, omit_defaults=True):
    """An errand is done, or has failed with one of claude_remote.errors; nothing that it started lives.

    It ends when Dismiss has come. `outcome` is for the audit: `exit` of a command, `digest` of files …
    """

    code: Word = ""
    message: Words = ""
    detail: Detail = field(default_factory=dict)
    outcome: Detail = field(default_factory=dict)
