"""The control requests that a client may make of a session's claude, with the right each needs.

The list is short on purpose: what the worker does itself (initialize, interrupt, end_session), what would
reach files outside the client's roots (read_file, set_cwd), and what changes the server's own settings
(update_settings) is not in it. Names and arguments are those of claude 2.1.330.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import NoneType

from claude_remote.errors import BadOption, RightMissing
from claude_remote.options.checking import mode_right
from claude_remote.options.table import short
from claude_remote.rights import Right


@dataclass(frozen=True, slots=True)
class Control:
    """A control request: the right it needs beyond `prompt`, and its arguments."""

    right: Right | None = None
    needed: Mapping[str, type | tuple[type, ...]] = field(default_factory=dict)
    optional: Mapping[str, type | tuple[type, ...]] = field(default_factory=dict)


CONTROLS: dict[str, Control] = {
    "set_permission_mode": Control(needed={"mode": str}),  # the right depends on the mode
    "set_model": Control(optional={"model": (str, NoneType)}),
    "set_max_thinking_tokens": Control(needed={"max_thinking_tokens": (int, NoneType)}),
    "get_context_usage": Control(),
    "get_session_cost": Control(),
    "get_usage": Control(),
    "get_status": Control(),
    "get_plan": Control(),
    "get_binary_version": Control(),
    "list_models": Control(),
    "list_permission_rules": Control(),
    "mcp_status": Control(),
    "background_tasks": Control(),
    "file_suggestions": Control(needed={"query": str}),
    "side_question": Control(needed={"question": str}),
    "generate_session_title": Control(needed={"description": str}, optional={"persist": bool}),
    "rename_session": Control(needed={"title": str}),
    "get_task_output": Control(needed={"task_id": str}),
    "stop_task": Control(needed={"task_id": str}),
    # They change what runs, or is shown, without asking.
    "get_settings": Control(Right.APPROVE),  # may hold secrets
    "mcp_reconnect": Control(Right.APPROVE, needed={"serverName": str}),
    "mcp_toggle": Control(Right.APPROVE, needed={"serverName": str, "enabled": bool}),
    "reload_plugins": Control(Right.APPROVE),
    "reload_skills": Control(Right.APPROVE),
    "rewind_files": Control(Right.APPROVE, needed={"user_message_id": str}, optional={"dry_run": bool}),
    "apply_flag_settings": Control(Right.APPROVE, needed={"settings": dict}),
}


# What the worker does itself.
OWN_CONTROLS: dict[str, Control] = {
    # Its settings and hooks hold from then on.
    "trust_folder": Control(Right.APPROVE),
}


def check_control(subtype: str, arguments: Mapping[str, object], rights: frozenset[Right]) -> None:
    """Check a control request. Raises BadOption, or RightMissing (detail: right)."""
    control = CONTROLS.get(subtype) or OWN_CONTROLS.get(subtype)
    if control is None:
        raise BadOption(f"claude-remote passes on no control request {short(subtype)!r}.")
    _check_arguments(subtype, control, arguments)
    mode = arguments.get("mode")
    needed = mode_right(mode) if subtype == "set_permission_mode" and isinstance(mode, str) else control.right
    if needed is not None and needed not in rights:
        raise RightMissing(f"{subtype} needs the right `{needed}` for this.", right=needed)


def _check_arguments(subtype: str, control: Control, arguments: Mapping[str, object]) -> None:
    known = {**control.needed, **control.optional}
    for name, value in arguments.items():
        if name not in known:
            raise BadOption(f"{subtype} has no argument {short(name)!r}.", option=subtype)
        if not isinstance(value, known[name]):
            raise BadOption(f"{subtype}: {name} is not of the right kind.", option=subtype)
    missing = [name for name in control.needed if name not in arguments]
    if missing:
        raise BadOption(f"{subtype} needs {', '.join(missing)}.", option=subtype)
