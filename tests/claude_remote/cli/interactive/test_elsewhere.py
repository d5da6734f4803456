"""Questions of other sessions, on the screen of this one."""

from __future__ import annotations

from msgspec import Raw
from msgspec.structs import replace

from claude_remote import facts, messages
from claude_remote.messages import ApprovalState, Behavior
from tests.claude_remote.cli.interactive.conftest import Sits

OTHER = "99999999-0000-4000-8000-000000000001"
INFO = messages.ApprovalInfo(
    id=OTHER,
    session="88888888-0000-4000-8000-000000000001",
    session_name="other-one",
    tool="Bash",
    summary="Bash: make clean",
    seq=7,
    since=1.0,
    cwd="/srv/other",
)
FACT = facts.ApprovalOpened(
    approval=OTHER,
    tool="Bash",
    input=Raw(b'{"command":"make clean"}'),
    summary="Bash: make clean",
    tool_use="t",
)


def test_they_announce_themselves_and_a_key_opens_them(sits: Sits) -> None:
    user = sits()
    user.server.ask_elsewhere(INFO, FACT)
    user.sees("other-one asks: Bash: make clean")
    user.type("\x0f")
    user.sees("In other-one, /srv/other:")
    user.sees("[y]es")
    user.type("y")
    (decide, _), *_ = user.server.wait(lambda: user.server.decisions)
    assert (decide.approval, decide.behavior) == (OTHER, Behavior.ALLOW)
    user.server.ask_elsewhere(
        replace(INFO, state=ApprovalState.TAKEN, behavior=Behavior.ALLOW, by="me@laptop")
    )
    user.sees("other-one: ✓ taken by Claude")


def test_somebody_else_answers_first(sits: Sits) -> None:
    user = sits()
    user.server.ask_elsewhere(INFO, FACT)
    user.sees("other-one asks")
    user.type("\x0f")
    user.sees("[y]es")
    user.server.ask_elsewhere(replace(INFO, state=ApprovalState.DECIDED, behavior=Behavior.DENY, by="phone"))
    user.sees("other-one: denied by phone")
    user.type("\x0f")
    user.sees("Nothing is asked in other sessions.")
    assert user.server.decisions == []
