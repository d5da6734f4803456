"""Reach Claude Code on any of your machines from any other.

`connect` opens the blocking client that the command line itself is built on. It is imported when it is
first asked for, so that `import claude_remote` costs next to nothing.
"""

from typing import TYPE_CHECKING, Any

from claude_remote.version import VERSION

__version__ = VERSION

if TYPE_CHECKING:
    from claude_remote.client import connect

__all__ = ["__version__", "connect"]


def __getattr__(name: str) -> Any:
    if name == "connect":
        from claude_remote.client import connect

        return connect
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
