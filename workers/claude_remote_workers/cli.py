"""claude-remote-worker: what the server starts to have workers forked. People have little use for it."""

from __future__ import annotations


def main() -> int:
    """Run a zygote. Returns the exit status."""
    from claude_remote_workers.zygote import main as run

    return run()
