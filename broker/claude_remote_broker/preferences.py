"""settings.toml in the configuration folder: what the owner of the server has chosen for good.

[audit]
texts = "hash"                       # or "keep", the default: prompts and questions themselves

[[notify]]                           # as many as you like
on = ["approval", "failed", "done"]  # the default: approval, failed
command = ["/home/me/bin/tell"]      # JSON on its stdin; or
url = "ntfy://ntfy.example/mine"     # any that apprise knows: pip install 'claude-remote-bus[notify]'
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from claude_remote.errors import Misconfigured
from claude_remote.toml_file import TomlFile

Occasion: TypeAlias = Literal["approval", "done", "failed"]


class AuditPreferences(Struct, frozen=True, forbid_unknown_fields=True):
    """How the audit is kept."""

    texts: Literal["keep", "hash"] = "keep"


class Hook(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is told when something happens: a command, or a URL."""

    on: tuple[Occasion, ...] = ("approval", "failed")
    command: Annotated[tuple[str, ...], Meta(max_length=64)] = ()
    url: str = ""


class Preferences(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    audit: AuditPreferences = AuditPreferences()
    notify: Annotated[tuple[Hook, ...], Meta(max_length=32)] = ()


def read_preferences(path: Path) -> Preferences:
    """What the file says; a missing one says nothing. Raises Misconfigured naming line and remedy."""
    file = TomlFile(path, "")
    content = file.read()
    if content is None:
        return Preferences()
    unknown = content.tables.keys() - set(Preferences.__struct_fields__)
    for name in sorted(unknown):
        raise file.wrong(content, name, "there is no such setting")
    preferences = Preferences(
        audit=file.convert(content, "audit", content.tables.get("audit", {}), AuditPreferences),
        notify=file.convert(content, "notify", content.tables.get("notify", []), tuple[Hook, ...]),
    )
    for hook in preferences.notify:
        if bool(hook.command) == bool(hook.url):
            raise Misconfigured(f"{path}: each [[notify]] has either a command or a url. Correct it.")
    return preferences
