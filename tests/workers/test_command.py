"""How claude is started."""

from __future__ import annotations

from pathlib import Path

from claude_remote import bus
from claude_remote_workers.command import build_arguments, build_environment


def lease(**more: object) -> bus.Lease:
    return bus.Lease(session="s", epoch=1, next=1, claude_session="new", cwd="/", **more)  # type: ignore[arg-type]


def test_a_new_conversation_a_resumed_one_and_a_fork() -> None:
    assert "--session-id=new" in build_arguments("claude", lease(), resume=False)
    assert "--resume=new" in build_arguments("claude", lease(fork_of="old"), resume=True)
    fork = build_arguments("claude", lease(fork_of="old"), resume=False)
    assert fork[-3:] == ["--resume=old", "--fork-session", "--session-id=new"]


def test_what_the_session_has_now_wins_over_the_options_it_began_with() -> None:
    began = ("--model", "haiku", "--allowedTools", "Bash", "Read")
    arguments = build_arguments("claude", lease(options=began, mode="plan", model="opus"), resume=True)
    assert arguments[-7:] == [*began, "--permission-mode=plan", "--model=opus"]


def test_what_is_ours_alone_is_no_matter_of_claudes(tmp_path: Path) -> None:
    (tmp_path / "config[1]").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "config[1]")
    options = ("--disallowedTools=WebFetch",)
    arguments = build_arguments("claude", lease(options=options), [str(link)], resume=False)
    assert arguments[-5:] == [
        f"--disallowedTools=Read(/{link}/**)",
        f"--disallowedTools=Edit(/{link}/**)",
        f"--disallowedTools=Read(/{tmp_path}/config?1?/**)",
        f"--disallowedTools=Edit(/{tmp_path}/config?1?/**)",
        *options,
    ]


def test_the_environment_carries_the_lease() -> None:
    environment = build_environment({"PATH": "/bin", "CLAUDE_REMOTE_LEASE": "another"}, "state.s.1")
    assert environment["CLAUDE_REMOTE_LEASE"] == "state.s.1"
    assert environment["PATH"] == "/bin"
    assert environment["CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS"] == "1"
