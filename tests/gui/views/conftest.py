"""A hub without sockets."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from claude_remote.paths import Paths
from tests.gui.views.still import StillHub


@pytest.fixture
def hub(qtbot: QtBot, paths: Paths) -> StillHub:
    return StillHub(paths)
