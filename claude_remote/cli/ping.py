"""`claude-remote ping`: is the server there, and how far away."""

from __future__ import annotations

from claude_remote.cli.reaching import Reach, reach_server
from claude_remote.cli.terminal import Terminal, escape

MAX_COUNT = 100_000


def plain_ping(server: str | None, words: list[str], terminal: Terminal) -> int | None:
    """Ping if the words are the usual ones, and give the exit code; None for others (--help, mistakes)."""
    count, json = 1, False
    left = list(words)
    while left:
        word = left.pop(0)
        if word == "--json":
            json = True
        elif word in {"-s", "--server"} and left:
            server = left.pop(0)
        elif word in {"-c", "--count"} and left and left[0].isdecimal() and 0 < int(left[0]) <= MAX_COUNT:
            count = int(left.pop(0))
        else:
            return None
    return ping(Reach(server=server), terminal, count=count, json=json)


def ping(reach: Reach, terminal: Terminal, *, count: int = 1, json: bool = False) -> int:
    """Ping `count` times over one connection. Raises RemoteError."""
    with reach_server(reach, terminal) as client:
        timings = [client.ping() for _ in range(count)]
        host, version = client.hello.host, client.hello.version
    connect = timings[0].connect * 1000
    requests = [timing.request * 1000 for timing in timings]
    if json:
        import msgspec

        report = {
            "host": host,
            "version": version,
            "way": client.hello.way,
            "fingerprint": client.fingerprint,
            "rights": client.rights,
            "connect_ms": round(connect, 3),
            "request_ms": [round(each, 3) for each in requests],
        }
        terminal.write(msgspec.json.encode(report) + b"\n")
        return 0
    name = escape(host) or "the server"
    for number, each in enumerate(requests):
        connection = f"connection {connect:.1f} ms, " if number == 0 else ""
        terminal.print(f"{name} (version {escape(version)}): {connection}request {each:.2f} ms")
    if count > 1:
        ordered = sorted(requests)
        terminal.print(
            f"{count} requests: fastest {ordered[0]:.2f}, median {ordered[count // 2]:.2f},"
            f" slowest {ordered[-1]:.2f} ms"
        )
    return 0
