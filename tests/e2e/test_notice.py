"""Who does not look is told."""

from __future__ import annotations

import json
import sys
import time

import pytest

from tests.e2e.lab import Lab
from tests.e2e.programs import PATIENCE
from tests.fakes.messages_api import Gate, text

pytestmark = pytest.mark.e2e


def test_a_hook_is_told_of_what_nobody_looks_at() -> None:
    with Lab() as lab:
        told = lab.folder / "told"
        hook = lab.folder / "hook.py"
        hook.write_text("import sys; open(sys.argv[1], 'a').write(sys.stdin.read())")
        settings = lab.folder / "server/config/settings.toml"
        settings.parent.mkdir(parents=True, exist_ok=True)
        words = json.dumps([sys.executable, str(hook), str(told)])
        settings.write_text(f'[[notify]]\non = ["done"]\ncommand = {words}\n')
        lab.start()
        alice = lab.approved("alice")
        gate = Gate()
        lab.api.on("looked at", text("Seen."))
        lab.api.on("alone", text("Done alone.", gate=gate, gate_after=1))
        assert alice.run("-p", "--name", "seen", "looked at").out == "Seen.\n"
        assert alice.run("-p", "--bg", "--name", "unseen", "alone").code == 0
        gate.open()
        deadline = time.monotonic() + PATIENCE
        while not told.exists() or not told.read_text().endswith("\n"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        (line,) = told.read_text().splitlines()
        notice = json.loads(line)
        assert (notice["occasion"], notice["session_name"], notice["client"]) == ("done", "unseen", "alice")
        assert notice["text"] == "Done alone."
