"""Stars."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_remote.rules.patterns import fits, is_within

HERE = PurePosixPath("/home/me/work")


@given(st.text(alphabet="ab", max_size=8), st.text(alphabet="ab*", max_size=6))
def test_a_star_is_anything(text: str, pattern: str) -> None:
    expected = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None
    assert fits(text, pattern) is expected


def test_many_stars_take_no_time() -> None:
    assert not fits("a" * 16_000, "*a" * 100 + "b")
    assert not is_within(PurePosixPath("/" + "a/" * 60), "//" + "**/a/" * 60 + "b", HERE)


@pytest.mark.parametrize(
    ("path", "pattern", "is_in"),
    [
        ("/home/me/work/src/a.py", "src/**", True),
        ("/home/me/work/src/a/b.py", "src/**", True),
        ("/home/me/work/src", "src/**", False),
        ("/home/me/work/srcs/a.py", "src/**", False),
        ("/home/me/work/a.py", "src/**", False),
        ("/home/me/work/src/a.py", "src/*", True),
        ("/home/me/work/src/a/b.py", "src/*", True),  # it fits the folder src/a
        ("/home/me/work/src/a.py", "src", True),
        ("/home/me/work/x/src/a.py", "src", True),
        ("/home/me/work/x/src/a.py", "src/**", False),
        ("/home/me/work/a.txt", "*.txt", True),
        ("/home/me/work/x/a.txt", "*.txt", True),
        ("/home/me/work/x/a.txt", "**/*.txt", True),
        ("/home/me/work/a.txt", "**/*.txt", True),
        ("/home/me/work/x/a.txt", "x/*.txt", True),
        ("/home/me/work/x/a.py", "x/*.txt", False),
        ("/etc/hosts", "**", False),
        ("/etc/hosts", "//etc/**", True),
        ("/etc2/hosts", "//etc/**", False),
        ("/home/me/work/src/a.py", "//home/me/work/src/**", True),
    ],
)
def test_paths(path: str, pattern: str, *, is_in: bool) -> None:
    assert is_within(PurePosixPath(path), pattern, HERE) is is_in
