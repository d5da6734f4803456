from __future__ import annotations

from pathlib import Path

import pytest

from claude_remote.errors import Misconfigured
from claude_remote_broker.preferences import AuditPreferences, Hook, Preferences, read_preferences


def test_what_the_owner_has_chosen(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    assert read_preferences(path) == Preferences()
    path.write_text(
        '[audit]\ntexts = "hash"\n[[notify]]\ncommand = ["tell", "me"]\n'
        '[[notify]]\non = ["done"]\nurl = "ntfy://x"\n'
    )
    assert read_preferences(path) == Preferences(
        audit=AuditPreferences(texts="hash"),
        notify=(Hook(command=("tell", "me")), Hook(on=("done",), url="ntfy://x")),
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[audit]\ntexts = "some"', "line 1: audit"),
        ("[nothing]", "no such setting"),
        ("[[notify]]\non = ['done']", "either a command or a url"),
        ("[[notify]]\ncommand = ['x']\nurl = 'y'", "either a command or a url"),
        ("[[notify]]\non = ['lunch']\nurl = 'y'", "line 1: notify"),
        ("notify = 3", "line 1: notify"),
        ("[", "is not TOML"),
    ],
)
def test_what_makes_no_sense_is_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(Misconfigured, match=words):
        read_preferences(path)
