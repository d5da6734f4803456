"""A prompt on its way to the server: the same one however often it is sent."""

from __future__ import annotations

import os

from claude_remote import messages
from claude_remote.client.link import Link
from claude_remote.codec import NO_TEXT
from claude_remote.errors import BadMessage, TooLarge
from claude_remote.framing import MAX_PAYLOAD
from claude_remote.messages import MAX_PROMPT, Cursor, Target


class PromptRequest:
    """A text for a target, with an id that names it for ever. Raises TooLarge, BadMessage."""

    def __init__(
        self,
        text: str,
        target: Target,
        *,
        id: str | None = None,  # noqa: A002  it is called so on the wire
        follow: bool = True,
        now: bool = False,
    ) -> None:
        try:
            self._payload = text.encode()
        except UnicodeEncodeError:
            raise BadMessage(NO_TEXT) from None
        if not 0 < len(self._payload) <= MAX_PROMPT:
            raise TooLarge(f"a prompt has between 1 and {MAX_PROMPT} bytes, not {len(self._payload)}")
        self._target = target
        self._follow = follow
        self._now = now
        self.id = id or new_id()

    def send(self, link: Link, after: Cursor | None = None) -> None:
        """Send it; its events after a cursor are wanted."""
        payload = self._payload
        request = messages.Prompt(
            id=self.id,
            target=self._target,
            size=len(payload),
            after=after,
            follow=self._follow,
            now=self._now,
        )
        link.send(request, payload[:MAX_PAYLOAD])
        for start in range(MAX_PAYLOAD, len(payload), MAX_PAYLOAD):
            link.send(messages.Part(), payload[start : start + MAX_PAYLOAD])


def new_id() -> str:
    """A random UUID (RFC 9562, version 4), without the import of `uuid`, which is slow."""
    raw = bytearray(os.urandom(16))
    raw[6] = raw[6] & 0x0F | 0x40
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
