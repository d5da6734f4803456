"""Getting to know a server, and being known by it: what may be asked, of whom, and how long to wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from msgspec import Struct

from claude_remote import fingerprints
from claude_remote.errors import BadOption, IdentityChanged, IdentityUnknown


class NewServer(NamedTuple):
    """A server that nobody here has seen before."""

    address: str
    fingerprint: str


class Pending(NamedTuple):
    """This client waits for the approval of the server's owner, who sees the same `words`."""

    server: str
    words: tuple[str, ...]


class Introduction(Struct, frozen=True, kw_only=True):
    """How a server that is not known may become known, and what to do while it does not know us.

    `fingerprint`: trust the server if it has this one; `accept_new`: trust whoever answers the first time;
    `confirm`: ask, for example on a terminal. `wait`: how many seconds to wait for the approval (None: for
    ever); `on_pending` is called once when the waiting begins, `on_approved` when it was not in vain.
    """

    fingerprint: str | None = None
    accept_new: bool = False
    confirm: Callable[[NewServer], bool] | None = None
    wait: float | None = 0.0
    on_pending: Callable[[Pending], None] | None = None
    on_approved: Callable[[], None] | None = None

    def check(self, new: NewServer, *, own: bool) -> None:
        """Return if the server may be trusted. `own`: this machine's control socket vouches for it.

        Raises IdentityUnknown when nobody can say, IdentityChanged when it is not the expected one.
        """
        if self.fingerprint is not None:
            wanted = normalize(self.fingerprint)
            if new.fingerprint != wanted:
                raise IdentityChanged(
                    f"{new.address} is not the server you mean!\n  expected: {wanted}\n"
                    f"  shown:    {new.fingerprint}\nEither the fingerprint was copied wrongly, or somebody"
                    " is between you and the server. Nothing was sent to it.",
                    trusted=wanted,
                    found=new.fingerprint,
                )
            return
        if own or self.accept_new:
            return
        if self.confirm is None:
            raise IdentityUnknown(
                f"{new.address} is not known yet, and there is no terminal to ask on. Its fingerprint is\n"
                f"  {new.fingerprint}\nIf `claude-remote-server fingerprint` says the same there, add"
                f" --fingerprint {new.fingerprint}, or trust whoever answers with --accept-new.",
                address=new.address,
                found=new.fingerprint,
            )
        if not self.confirm(new):
            raise IdentityUnknown(f"{new.address} was not trusted; nothing was sent to it.")


def normalize(text: str) -> str:
    """A whole fingerprint as it is written here. Raises BadOption for anything else."""
    digits = text.strip().removeprefix(fingerprints.PREFIX).rstrip("=")
    if len(digits) != 43 or not digits.replace("+", "").replace("/", "").isalnum():
        raise BadOption(
            f"{text!r} is not a fingerprint; it looks like {fingerprints.PREFIX}Qm3… with 43 characters, as"
            " `claude-remote-server fingerprint` prints it"
        )
    return fingerprints.PREFIX + digits
