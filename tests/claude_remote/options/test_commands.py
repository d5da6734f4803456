"""Slash commands that act by themselves."""

from __future__ import annotations

import pytest

from claude_remote.errors import RightMissing
from claude_remote.options import check_prompt
from claude_remote.rights import WORK, Right

PROMPT = frozenset({Right.VIEW, Right.PROMPT})


@pytest.mark.parametrize(
    "text",
    [
        "/config permissionMode=auto",
        "/config\tpermissionMode=auto",
        "/config\u2003permissionMode=auto",
        "/config",
        " \n/config x=y",
        "\ufeff/config x=y",
        "/CONFIG x=y",
        "/settings x=y",
        "/mcp enable all",
        "/output-style Concise",
        "/heapdump",
        "/auto-mode-setup --wizard posture=personal",
    ],
)
def test_need_the_right_to_approve(text: str) -> None:
    with pytest.raises(RightMissing) as caught:
        check_prompt(text, PROMPT)
    assert caught.value.detail == {"right": "approve"}
    check_prompt(text, WORK)


@pytest.mark.parametrize(
    "text",
    [
        "/compact",
        "/clear",
        "/configure-it",
        "/config-x y",
        "/my:config",
        "what does /config do?",
        "/",
        "// x",
    ],
)
def test_others_are_prompts_like_any_other(text: str) -> None:
    check_prompt(text, frozenset())
