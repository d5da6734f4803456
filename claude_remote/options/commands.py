"""Slash commands that act by themselves, so that nobody is asked: which right a prompt needs to hold one.

Most only make a prompt of themselves, and what claude does then goes through its permissions. These write
settings of the server's user (`/config permissionMode=auto` holds for every claude from then on, in terminals
too) or dumps, reach other sessions' conversations, or change which tools there are. Seen in claude 2.1.330
with --input-format stream-json; some are not available there yet. Case matters to it, and so does a space
before the slash, but who knows of the next version.
"""

from __future__ import annotations

import re

from claude_remote.errors import RightMissing
from claude_remote.rights import Right

_NAME = re.compile(r"[\s\ufeff]*/([\w-]+)")
COMMANDS = frozenset(
    [
        "add-dir",
        "advisor",
        "agents",
        "allowed-tools",
        "auto-mode-setup",
        "autocompact",
        "chrome",
        "config",
        "cwd",
        "debug",
        "export",
        "heapdump",
        "hooks",
        "ide",
        "insights",
        "install-github-app",
        "install-slack-app",
        "keybindings",
        "login",
        "logout",
        "mcp",
        "memory",
        "output-style",
        "permissions",
        "plugin",
        "plugins",
        "privacy-settings",
        "reload-plugins",
        "reload-skills",
        "remote-control",
        "remote-env",
        "sandbox",
        "settings",
        "setup-bedrock",
        "setup-vertex",
        "statusline",
        "terminal-setup",
        "update",
        "upgrade",
        "workflow-launch-exec",
        "__remote-workflow",
    ]
)


def check_prompt(text: str, rights: frozenset[Right]) -> None:
    """Raise RightMissing when a prompt begins with a command that the client may not give."""
    found = _NAME.match(text)
    if found is not None and found[1].lower() in COMMANDS and Right.APPROVE not in rights:
        raise RightMissing(
            f"/{found[1]} needs the right `{Right.APPROVE}`: it acts without asking.", right=Right.APPROVE
        )
