"""Claude's own command-line options: what passes through claude-remote, and which right each needs.

`split` is for the client: it takes claude's options out of a command line. `check` is for the server: it
checks what a client sent, and writes it so that claude cannot read it otherwise. `check_control` does the
same for the control requests that a client may make of a running claude, `check_prompt` for slash commands.
"""

from claude_remote.options.checking import Checked, check, mode_right
from claude_remote.options.commands import COMMANDS, check_prompt
from claude_remote.options.controls import CONTROLS, check_control
from claude_remote.options.splitting import Parsed, split
from claude_remote.options.table import MODES, OPTIONS, Kind, Option, Values, short

__all__ = [
    "COMMANDS",
    "CONTROLS",
    "MODES",
    "OPTIONS",
    "Checked",
    "Kind",
    "Option",
    "Parsed",
    "Values",
    "check",
    "check_control",
    "check_prompt",
    "mode_right",
    "short",
    "split",
]
