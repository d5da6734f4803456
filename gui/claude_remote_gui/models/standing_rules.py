"""The table of standing rules."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from claude_remote.messages import RuleInfo
from claude_remote_gui.models.rows import Column, one_line
from claude_remote_gui.rule_words import ends, passes, where
from claude_remote_gui.words import clock


@dataclass(frozen=True)
class RuleRow:
    """A rule, and the server that keeps it."""

    server: str
    info: RuleInfo


RULES: tuple[Column[RuleRow], ...] = (
    Column("Rule", lambda r: one_line(r.info.rule), tip=lambda r: r.info.rule),
    Column("Lets pass", lambda r: one_line(passes(r.info.rule)), tip=lambda r: passes(r.info.rule)),
    Column("Where", lambda r: one_line(where(r.info)), tip=lambda r: where(r.info)),
    Column("Ends", lambda r: ends(r.info, time.time()), lambda r: r.info.expires or math.inf),
    Column("Uses", lambda r: str(r.info.used or ""), lambda r: r.info.used, right=True),
    Column("Last used", lambda r: clock(r.info.last_used or 0.0), lambda r: r.info.last_used or 0.0),
    Column("By", lambda r: one_line(r.info.by)),
    Column("Made", lambda r: clock(r.info.created), lambda r: r.info.created),
    Column("Server", lambda r: one_line(r.server)),
)
