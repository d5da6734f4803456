"""What the owner is told to type."""

from __future__ import annotations

import socket

from claude_remote.messages import DEFAULT_PORT


def add_line(fingerprint: str, port: int) -> str:
    """How another machine gets to know this server: two lines."""
    host = socket.gethostname()
    where = host if port == DEFAULT_PORT else f"{host}:{port}"
    name = host.partition(".")[0]
    return f"On the other machine:\n  claude-remote servers add {name} {where} --fingerprint {fingerprint}"
