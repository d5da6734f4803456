"""A click group whose commands are imported when they are needed, and that has one for when none is named."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import click


class LazyGroup(click.Group):
    """`commands` are names to `module:attribute`. With `default`, options alone mean that command."""

    def __init__(
        self, *args: object, lazy: Mapping[str, str] | None = None, default: str = "", **kwargs: object
    ) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._lazy = dict(lazy or {})
        self._default = default

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which they were given."""
        del ctx
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import it."""
        del ctx
        place = self._lazy.get(cmd_name)
        if place is None:
            return None
        module, _, attribute = place.partition(":")
        command = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{place} is not a command")
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """`prog --port 0` is `prog run --port 0`; `prog --help` stays what it is."""
        if self._default and (
            not args or (args[0].startswith("-") and args[0] not in {"--help", "--version"})
        ):
            args = [self._default, *args]
        return super().parse_args(ctx, args)
