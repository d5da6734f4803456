"""Which shell a line of `exec` is given to."""

from __future__ import annotations

import pwd
from types import SimpleNamespace

import pytest

from claude_remote_workers.errands.command import find_shell


@pytest.mark.parametrize(
    ("variable", "noted", "found"),
    [
        ("/bin/zsh", "/bin/bash", "/bin/zsh"),
        (None, "/bin/bash", "/bin/bash"),
        (None, "", "/bin/sh"),
        (None, None, "/bin/sh"),
        # Of a user that exists for the server alone.
        (None, "/usr/sbin/nologin", "/bin/sh"),
        ("/bin/false", "/usr/sbin/nologin", "/bin/sh"),
    ],
)
def test_the_user_s_own_if_it_is_one(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, noted: str | None, found: str
) -> None:
    def look_up(_number: int) -> SimpleNamespace:
        if noted is None:
            raise KeyError("nobody of that number")
        return SimpleNamespace(pw_shell=noted)

    monkeypatch.setattr(pwd, "getpwuid", look_up)
    assert find_shell({} if variable is None else {"SHELL": variable}) == found
