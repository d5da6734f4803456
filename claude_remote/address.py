"""Where a server is, as people write it.

    HOST            HOST:PORT       [IPV6]:PORT     IPV6
    unix:PATH                       TLS over a unix socket
    ssh:[USER@]HOST[:PORT]          the door behind PORT of HOST itself, reached through `ssh -W`

`str()` of an address is the one way of writing it that pins are kept under; `parse` gives it back.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import TypeAlias

from claude_remote.messages import DEFAULT_PORT

_LONGEST_PATH = 107  # sun_path of Linux, without its final zero
_LONGEST_HOST = 253  # RFC 1035


@dataclass(frozen=True)
class Tcp:
    """A host name or IP address (without brackets), and a port."""

    host: str
    port: int = DEFAULT_PORT

    def __str__(self) -> str:
        return _join(self.host, self.port)


@dataclass(frozen=True)
class Unix:
    """A unix socket, by its absolute path."""

    path: str

    def __str__(self) -> str:
        return f"unix:{self.path}"


@dataclass(frozen=True)
class Ssh:
    """A door that the far machine reaches as localhost:port, after ssh to (user@)host."""

    host: str
    user: str | None = None
    port: int = DEFAULT_PORT

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        return f"ssh:{user}{_join(self.host, self.port)}"


Address: TypeAlias = Tcp | Unix | Ssh


def parse(text: str) -> Address:
    """Read an address. Raises ValueError with words for the user."""
    if text.startswith("unix:"):
        return Unix(_parse_path(text.removeprefix("unix:")))
    if text.startswith("ssh:"):
        user, at, place = text.removeprefix("ssh:").rpartition("@")
        if at and not (_is_plain(user, "._-") and user[0] != "-"):
            raise ValueError(f"{user!r} is not the name of a user, in {text!r}")
        host, port = _parse_place(place)
        return Ssh(host, user or None, port)
    host, port = _parse_place(text)
    return Tcp(host, port)


def is_loopback(address: Address) -> bool:
    """Whether it is this machine, told from the words alone: nothing is looked up."""
    if isinstance(address, Tcp):
        return address.host in {"localhost", "::1"} or (
            address.host.startswith("127.") and _canonical_ip(socket.AF_INET, address.host) is not None
        )
    return isinstance(address, Unix)


def _join(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _parse_path(path: str) -> str:
    if not path or "\0" in path:
        raise ValueError("after unix: comes the path of a socket")
    absolute = os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111  Path would not drop the ..
    if len(os.fsencode(absolute)) > _LONGEST_PATH:
        raise ValueError(f"the path of a socket has at most {_LONGEST_PATH} bytes: {absolute}")
    return absolute


def _parse_place(text: str) -> tuple[str, int]:
    """HOST and port; the brackets are gone, the host is in small letters."""
    if text.startswith("["):
        inside, bracket, after = text[1:].partition("]")
        if not bracket or (after and not after.startswith(":")):
            raise ValueError(f"an IPv6 address with a port is written [ADDRESS]:PORT, not {text!r}")
        return _parse_ipv6(inside), _parse_port(after[1:]) if after else DEFAULT_PORT
    if "://" in text:
        raise ValueError(f"write HOST:PORT without a scheme, not {text!r}")
    if text.count(":") > 1:
        return _parse_ipv6(text), DEFAULT_PORT
    host, colon, port = text.partition(":")
    return _parse_host(host), _parse_port(port) if colon else DEFAULT_PORT


def _parse_port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise ValueError(f"a port is a number from 1 to 65535, not {text!r}")
    return int(text)


def _parse_ipv6(text: str) -> str:
    # A scope (fe80::1%eth0) is part of where to go, and ends up nowhere but in getaddrinfo.
    plain, percent, scope = text.partition("%")
    canonical = _canonical_ip(socket.AF_INET6, plain)
    if canonical is None or (percent and not _is_plain(scope, "._-")):
        raise ValueError(f"{text!r} is not an IPv6 address")
    return canonical + percent + scope


def _parse_host(text: str) -> str:
    host = text.lower().removesuffix(".")
    # A leading - would be an option to ssh.
    if not _is_plain(host, ".-_") or host[0] in "-." or ".." in host or len(host) > _LONGEST_HOST:
        raise ValueError(f"{text!r} is not the name of a host" if text else "the name of a host is missing")
    return host


def _is_plain(text: str, besides: str) -> bool:
    return bool(text) and all(letter.isalnum() or letter in besides for letter in text)


def _canonical_ip(family: socket.AddressFamily, text: str) -> str | None:
    try:
        return socket.inet_ntop(family, socket.inet_pton(family, text))
    except (OSError, ValueError):
        return None
