import pytest

from claude_remote.facts import what_is_asked, what_it_does


@pytest.mark.parametrize(
    ("tool", "summary", "asked", "does"),
    [
        ("Bash", "Bash: pytest -x", "Bash: pytest -x", "pytest -x"),
        ("Bash", "pytest -x", "Bash: pytest -x", "pytest -x"),
        ("Bash", "Bashful: x", "Bash: Bashful: x", "Bashful: x"),
        ("Bash", "Bash: Bash: x", "Bash: Bash: x", "Bash: x"),
        ("ExitPlanMode", "ExitPlanMode", "ExitPlanMode", ""),
        ("ExitPlanMode", "", "ExitPlanMode", ""),
    ],
)
def test_an_approval_in_one_line(tool: str, summary: str, asked: str, does: str) -> None:
    assert what_is_asked(tool, summary) == asked
    assert what_it_does(tool, summary) == does
