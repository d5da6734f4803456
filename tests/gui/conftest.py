"""Qt without a screen; every exception in a slot fails its test (pytest-qt)."""

from __future__ import annotations

import os

import pytest

os.environ["QT_QPA_PLATFORM"] = "offscreen"
# Whoever runs the tests on a desktop is not told of approvals that nobody asks for.
os.environ["DBUS_SESSION_BUS_ADDRESS"] = "disabled:"

try:
    import PyQt6.QtWidgets
except ImportError as error:
    raise pytest.UsageError(
        f"the tests of the window need Qt ({error}): pip install '.[gui]' and apt install libgl1 libegl1"
        " libxkbcommon0 libfontconfig1 libglib2.0-0 libdbus-1-3"
    ) from None

from claude_remote_gui.hub import Hub
from tests.claude_remote.serving import paths, serve_locally, serve_tls, server_identity, servers

__all__ = ["Hub", "PyQt6", "paths", "serve_locally", "serve_tls", "server_identity", "servers"]
