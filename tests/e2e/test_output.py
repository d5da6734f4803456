"""What a worker's claude says, filtered, is what the same claude prints for a user: line for line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from claude_remote.output_filter import OutputFilter
from tests.e2e.claude_alone import run_as_worker, run_locally
from tests.e2e.normal import differences, normal
from tests.fakes.claude import claude_version
from tests.fakes.messages_api import ScriptedApi, Think, bash, cut, failure, reply, text, tool

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Case:
    """A turn: what the model is told to say, and under which flags."""

    name: str
    script: Callable[[ScriptedApi], None]
    flags: tuple[str, ...] = ()
    prompt: str = "go"
    code: int = 0
    partial: bool = False  # compared with --include-partial-messages too
    since: tuple[int, ...] = ()  # the claude that it was found with, if an older one does it otherwise


def says(*answers: object) -> Callable[[ScriptedApi], None]:
    return lambda api: api.reply(*answers)  # type: ignore[arg-type]


CASES = [
    Case("text", says(text("Hello there, friend.")), partial=True),
    Case("thinking", says(reply(Think("hmm " * 40), "Well.")), partial=True),
    Case("tool", says(reply("I look.", tool("Bash", command="echo hey")), text("Done.")), partial=True),
    Case(
        "two tools", says(reply(tool("Bash", command="echo a"), tool("Glob", pattern="*.x")), text("Done."))
    ),
    Case("allowed", says(bash("touch x"), text("Done.")), ("--allowedTools=Bash",)),
    Case(
        "denied by a rule",
        says(bash("touch x"), text("Done.")),
        ("--disallowedTools=Bash(touch *)",),
        since=(2, 1, 330),  # 2.1.197 says `permission_denied` only where somebody could have been asked
    ),
    Case(
        "nobody to ask",
        says(bash("touch x"), text("Done.")),
        ("--permission-prompts=none",),
        since=(2, 1, 330),  # 2.1.197 does not know this option
    ),
    Case("slow tool", says(bash("sleep 3.2"), text("Done.")), ("--allowedTools=Bash",)),
    Case("failed tool", says(bash("cat nothing"), text("Done.")), ("--allowedTools=Bash",)),
    Case("tried again", says(failure(529, retry_after=0), text("Now."))),
    Case("broken stream", says(cut("Half"), text("Whole.")), partial=True),
    Case("error", says(*[failure(400, "bad thing")] * 3), code=1),
    Case("too many turns", says(bash("echo a"), bash("echo b")), ("--max-turns=2",), code=1),
    Case("slash command", says(), prompt="/help"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_same_lines(case: Case, tmp_path: Path) -> None:
    compare(case, tmp_path, partial=False)


@pytest.mark.parametrize("case", [case for case in CASES if case.partial], ids=lambda case: case.name)
def test_same_lines_with_partial_messages(case: Case, tmp_path: Path) -> None:
    compare(case, tmp_path, partial=True)


def compare(case: Case, tmp_path: Path, *, partial: bool) -> None:
    if claude_version() < case.since:
        pytest.skip("another version of claude")
    with ScriptedApi() as api:
        case.script(api)
        wanted = run_locally(
            api, tmp_path, case.prompt, *case.flags, *(["--include-partial-messages"] if partial else [])
        )
        case.script(api)
        ours = run_as_worker(api, tmp_path, case.prompt, *case.flags)
    shown = [line for line in ours.lines if OutputFilter(partial=partial).shows(line)]
    assert differences(normal(shown), normal(wanted.lines)) == []
    assert (ours.code, ours.stderr) == (wanted.code, wanted.stderr) == (case.code, "")
