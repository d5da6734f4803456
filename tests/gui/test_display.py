"""Whether there is a screen."""

from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path

import pytest

from claude_remote_gui.display import why_no_display


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({}, "there is no display (DISPLAY or WAYLAND_DISPLAY is not set)"),
        ({"QT_QPA_PLATFORM": "offscreen"}, ""),
        ({"QT_QPA_PLATFORM": "vnc:size=800x600"}, ""),
        ({"DISPLAY": ":29999"}, "the display :29999 does not answer"),
        ({"DISPLAY": "127.0.0.1:59000.0"}, "the display 127.0.0.1:59000.0 does not answer"),
        (
            {"WAYLAND_DISPLAY": "w-9", "XDG_RUNTIME_DIR": "/nowhere"},
            "the display w-9 does not answer",
        ),
        ({"DISPLAY": "what Qt may know"}, ""),
    ],
)
def test_why_there_is_none(environ: dict[str, str], why: str) -> None:
    assert why_no_display(environ) == why


def test_a_screen_that_answers(tmp_path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as wayland:
        wayland.bind(str(tmp_path / "wayland-1"))
        wayland.listen()
        environ = {"WAYLAND_DISPLAY": "wayland-1", "XDG_RUNTIME_DIR": str(tmp_path)}
        assert why_no_display(environ) == ""
