"""What is looked at before anything of the server runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from claude_remote import identity
from claude_remote.identity import Identity
from claude_remote.paths import Paths
from claude_remote_broker.claude_program import ClaudeProgram, find_ready_claude
from claude_remote_broker.environment import claude_environment
from claude_remote_broker.preferences import Preferences, read_preferences
from claude_remote_broker.settings import Settings


@dataclass(frozen=True)
class Prepared:
    """What was found."""

    settings: Settings
    paths: Paths
    environ: Mapping[str, str] = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)  # claude's
    claude: ClaudeProgram
    identity: Identity
    preferences: Preferences


def prepare(settings: Settings, paths: Paths, environ: Mapping[str, str]) -> Prepared:
    """Find claude, logged in, and who we are. Blocking. Raises Failure or a RemoteError, with the remedy."""
    environment = claude_environment(environ, paths.environment)
    return Prepared(
        settings=settings,
        paths=paths,
        environ=environ,
        environment=environment,
        claude=find_ready_claude(settings.claude, environment, paths),
        identity=identity.load_or_create(paths.server_key, paths.server_certificate),
        preferences=read_preferences(paths.server_settings),
    )
