"""`python -m claude_remote_broker` is `claude-remote-server`."""

import sys

from claude_remote_broker.cli import main

if __name__ == "__main__":
    sys.exit(main())
