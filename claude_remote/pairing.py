"""Pairing words: what two people say to each other on the phone to know that nobody stands between them.

Both ends show the same six words, made from both fingerprints. Somebody in between would have to show the
client one certificate and the server another such that both ends still get equal words. Six words of 2,048
are 66 bits. Who knows one of the two fingerprints can only try, 2**66 times; who may choose both of his and
knows both of theirs beforehand needs about 2**33 tries on each side. So each try is made slow, by scrypt
(RFC 7914) with N = 2**14, r = 8, p = 1: 16 MiB and about 50 ms, which is 27 core-years for the latter, and
memory that graphics cards lack. It is no slower, because a server does it once for each client that asks,
and may be a small machine.
"""

from __future__ import annotations

from functools import cache
from hashlib import scrypt
from pathlib import Path

COUNT = 6
_BITS = 11  # of one word: the list has 2**11
_SALT = b"claude-remote pairing words 1"


def pairing_words(server: str, client: str) -> tuple[str, ...]:
    """The six words of these two fingerprints. Takes about 50 ms and 16 MiB: never on an event loop."""
    key = scrypt(
        f"{server}\n{client}".encode(), salt=_SALT, n=2**14, r=8, p=1, maxmem=32 * 1024 * 1024, dklen=9
    )
    number = int.from_bytes(key, "big")
    words = _load_words()
    return tuple(words[number >> (_BITS * place) & (2**_BITS - 1)] for place in range(COUNT))


@cache
def _load_words() -> tuple[str, ...]:
    """The list of BIP-39; where it comes from stands at the top of the file."""
    text = Path(__file__).with_name("pairing_words.txt").read_text("ascii")
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))
