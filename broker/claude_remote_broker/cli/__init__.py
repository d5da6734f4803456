"""The command `claude-remote-server`."""


def main() -> int:
    """Run it."""
    return 0
