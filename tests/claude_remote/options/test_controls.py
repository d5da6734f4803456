"""Which control requests a client may make."""

from __future__ import annotations

import pytest

from claude_remote.errors import BadOption, RightMissing
from claude_remote.options import check_control
from claude_remote.rights import FULL, WORK, Right

PROMPT = frozenset({Right.PROMPT})


def test_modes_need_what_they_widen() -> None:
    check_control("set_permission_mode", {"mode": "plan"}, PROMPT)
    check_control("set_permission_mode", {"mode": "acceptEdits"}, WORK)
    check_control("set_permission_mode", {"mode": "bypassPermissions"}, FULL)
    with pytest.raises(RightMissing, match="approve"):
        check_control("set_permission_mode", {"mode": "acceptEdits"}, PROMPT)
    with pytest.raises(RightMissing, match="exec"):
        check_control("set_permission_mode", {"mode": "bypassPermissions"}, WORK)
    with pytest.raises(BadOption, match="acceptEdits"):
        check_control("set_permission_mode", {"mode": "nonsense"}, FULL)


@pytest.mark.parametrize(
    ("subtype", "arguments"),
    [
        ("initialize", {}),
        ("end_session", {}),
        ("read_file", {"path": "/etc/passwd"}),
        ("set_permission_mode", {}),
        ("set_permission_mode", {"mode": 1}),
        ("set_permission_mode", {"mode": "plan", "more": 1}),
        ("file_suggestions", {"query": None}),
    ],
)
def test_what_nobody_may_ask(subtype: str, arguments: dict[str, object]) -> None:
    with pytest.raises(BadOption):
        check_control(subtype, arguments, FULL)


def test_what_everybody_may_ask() -> None:
    check_control("set_model", {"model": None}, PROMPT)
    check_control("get_context_usage", {}, PROMPT)
    check_control("file_suggestions", {"query": "src/"}, PROMPT)
