"""What a peer may cost: every limit of the door, its size and its reason, and the buckets that keep them.

A *stranger* is a connection that has not shown an approved certificate: in its handshake, or at the bell.
"""

from __future__ import annotations

import ipaddress
import resource
from collections.abc import Hashable
from dataclasses import dataclass

from claude_remote_broker.bulk_turn import BulkTurn


@dataclass(frozen=True)
class Rate:
    """So many in a second over time, so many at once."""

    per_second: float
    burst: float


@dataclass(frozen=True)
class Limits:
    """Times are seconds, sizes bytes. Tests make them small; nobody else needs to touch them."""

    # --- connections ---
    # In all. Each idle one costs about 40 KiB, so these are 80 MiB; the file descriptors must allow it.
    connections: int = 2048
    # Strangers in all and for each address. The next one takes the place of the oldest of the address that
    # has most. So idle strangers never keep a client out, and as the handshakes below come in smaller numbers
    # than there are places, a client is done with its own (some 0.1 s) before it is the oldest.
    strangers: int = 512
    strangers_per_address: int = 128
    # Of one approved client, or of the owner by the control socket: as many prompts at once.
    connections_per_client: int = 512
    # Accepted in one turn of the loop, so that a flood shares the loop with those who are inside.
    accepts_per_turn: int = 16

    # --- handshakes, checked before TLS is spent on them ---
    # One costs 0.6 ms of CPU here: one address gets 3 % of a core, all together a quarter of one.
    # The machine itself may do more: ssh tunnels, scripts and benchmarks come from there.
    handshakes_per_address: Rate = Rate(50, 100)
    handshakes_local: Rate = Rate(500, 100)
    handshakes: Rate = Rate(400, 400)
    handshake_timeout: float = 10.0
    addresses_remembered: int = 4096

    # --- strangers ---
    # Between the end of TLS and Hello, and between Hello and Ring: both are sent without thinking.
    hello_timeout: float = 10.0
    ring_timeout: float = 10.0
    # A Hello and a Ring with a certificate are below 2 KiB; heartbeats are 5 bytes a second.
    stranger_bytes: int = 64 * 1024
    stranger_payload: int = 4096
    # How long somebody may wait at the bell before it has to ring again.
    bell_patience: float = 3600.0

    # --- the bell ---
    # New certificates. Pairing words cost 0.1 s of CPU each. How many wait is bounded by
    # claude_remote.visitors: 64 in all, 8 of one address.
    # This machine's own users, and what comes through `ssh -W`, have a measure of their own.
    rings_per_address: Rate = Rate(0.2, 5)
    rings_local: Rate = Rate(1, 30)
    rings: Rate = Rate(1, 10)

    # --- approved clients ---
    # Messages of one client over all its connections. Files come in chunks of 512 KiB, so this is 2 GiB/s.
    messages: Rate = Rate(4000, 4000)
    # Work on the messages of one client in one turn of the loop, all its connections together; then others
    # have theirs. One message may take longer: a list of all sessions some 50 ms.
    turn: float = 0.01
    # While a client does not read what it is sent, its messages (whose answers would pile up) are read at
    # this pace; enough for heartbeats, an interrupt and decisions.
    messages_unread: Rate = Rate(5, 50)
    # Sent but not taken: beyond `high` the core pauses, below `low` it goes on, beyond `most` we hang up.
    unread_high: int = 512 * 1024
    unread_low: int = 128 * 1024
    unread_most: int = 16 * 1024 * 1024
    # From the first to the last byte of one frame (1 MiB at most).
    frame_timeout: float = 60.0
    # Between our last word and cutting the line of a peer that does not take it.
    close_timeout: float = 2.0

    # --- the clock of the door: how often deadlines are looked at ---
    tick: float = 1.0


class Bucket:
    """A token bucket. `now` is any clock that only goes forward."""

    __slots__ = ("_at", "_level", "_rate")

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._level = rate.burst
        self._at = now

    def take(self, now: float) -> bool:
        """Take a token if there is one."""
        self._fill(now)
        if self._level < 1:
            return False
        self._level -= 1
        return True

    def spend(self, now: float) -> float:
        """Take a token, on credit if need be. Seconds until there is another one."""
        self._fill(now)
        self._level -= 1
        return max(0.0, 1 - self._level) / self._rate.per_second

    def full(self, now: float) -> bool:
        """Nothing has been taken lately: forgetting this bucket changes nothing."""
        self._fill(now)
        return self._level >= self._rate.burst

    def _fill(self, now: float) -> None:
        self._level = min(self._rate.burst, self._level + (now - self._at) * self._rate.per_second)
        self._at = now


class Pace:
    """How fast the messages of one client are taken, all its connections together."""

    __slots__ = ("_bucket", "_limits", "_turn", "_worked", "bulk")

    def __init__(self, limits: Limits, now: float, bulk: BulkTurn) -> None:
        self.bulk = bulk
        self._bucket = Bucket(limits.messages, now)
        self._limits = limits
        self._turn = 0.0
        self._worked = 0.0

    def spend(self, now: float) -> float:
        """Account for one message. Seconds until the next may be taken."""
        return self._bucket.spend(now)

    def work(self, turn: float, seconds: float) -> None:
        """So long was worked on one. `turn` is the loop's own time, which stands still throughout a turn."""
        if turn != self._turn:
            self._turn, self._worked = turn, 0.0
        self._worked += seconds

    def is_over(self, turn: float) -> bool:
        """Whether it is the turn of others."""
        return turn == self._turn and self._worked >= self._limits.turn


class Buckets:
    """A bucket for each key, of which only so many are remembered."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._buckets: dict[Hashable, Bucket] = {}

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: Hashable, rate: Rate, now: float) -> bool:
        """Take a token of `key`'s bucket if there is one."""
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= self._most:
                self._forget(now)
            bucket = self._buckets[key] = Bucket(rate, now)
        return bucket.take(now)

    def _forget(self, now: float) -> None:
        self._buckets = {key: bucket for key, bucket in self._buckets.items() if not bucket.full(now)}
        while len(self._buckets) >= self._most:
            del self._buckets[next(iter(self._buckets))]


def address_key(host: str) -> str:
    """Who counts as one address: an IPv4 address, a /64 of IPv6 (one customer), or a word like `unix`."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    if address.is_loopback:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))


def is_local(key: str) -> bool:
    """Whether an address_key is this machine: loopback, or the word for a unix socket."""
    try:
        return ipaddress.ip_address(key).is_loopback
    except ValueError:
        return "/" not in key


def raise_open_files(limits: Limits) -> int:
    """Lift this process's limit of open files to what `limits` needs, as far as allowed. The limit now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.connections + 512
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft
