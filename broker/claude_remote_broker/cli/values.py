"""Values of options: how many workers, and how long."""

from __future__ import annotations

import re

import click

from claude_remote.scale import Scale, parse

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)")
_LONGEST = 365 * 86400.0


class ScaleType(click.ParamType[Scale]):
    """`8` or `2:8`."""

    name = "scale"

    def convert(self, value: str | Scale, param: click.Parameter | None, ctx: click.Context | None) -> Scale:
        """Read it; fails with words for the user."""
        if isinstance(value, Scale):
            return value
        try:
            return parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class DurationType(click.ParamType[float]):
    """`90s`, `10m`, `2h`, `1d`, `never`. Seconds; 0 is never."""

    name = "duration"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it; fails with words for the user."""
        if isinstance(value, float):
            return value
        text = value.strip().lower()
        if text == "never":
            return 0.0
        found = _DURATION.fullmatch(text)
        if found is None:
            self.fail(f"{value!r} is no time: 90s, 10m, 2h, never", param, ctx)
        seconds = float(found[1]) * _UNITS[found[2]]
        if seconds > _LONGEST:
            self.fail("a year is the longest; say never", param, ctx)
        return seconds
