"""Who did what: told by the server, verified by others, whoever tampers with it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from blake3 import blake3

from tests.e2e.lab import Lab
from tests.fakes.messages_api import text

pytestmark = pytest.mark.e2e


def kinds(out: str) -> list[str]:
    return [json.loads(line)["record"]["kind"] for line in out.splitlines()]


def records(out: str) -> list[dict[str, Any]]:
    return [json.loads(line)["record"] for line in out.splitlines()]


def test_an_audit_that_can_be_checked() -> None:
    with Lab() as lab:
        lab.start()
        alice, boss = lab.approved("alice"), lab.approved("boss", rights="full")
        lab.api.on("hello", text("Hi."))
        assert alice.run("-p", "--name", "chat", "hello").out == "Hi.\n"
        assert alice.run("clients").code == 4
        assert boss.run("clients", "rights", "alice", "-files").code == 0

        told = records(lab.server.control("audit", "--json", "--client", "alice").out)
        assert [record["kind"] for record in told] == [
            "first-contact",
            "client-approved",
            "session-begun",
            "prompt",
            "prompt-ended",
            "denied",
            "rights-changed",
        ]
        prompt = told[3]
        assert prompt["address"].startswith("127.0.0.1")
        assert prompt["detail"]["text"] == "hello"
        assert prompt["session_name"] == "chat"
        assert told[-1]["name"] == "boss"
        assert told[-1]["detail"]["before"] == "work"
        shown = lab.server.control("audit", "--session", "chat", "--since", "1h").out
        assert "text=hello" in shown
        assert len(shown.splitlines()) == 3

        boss.run("exec", "exit 7")
        letter = lab.folder / "letter"
        letter.write_bytes(b"Dear all")
        assert boss.run("put", str(letter), str(lab.folder / "posted")).code == 0
        told = records(lab.server.control("audit", "--json", "--client", "boss").out)
        ends = {each["kind"]: each["detail"] for each in told if each["kind"].endswith("-ended")}
        assert ends == {
            "exec-ended": {"exit": "7"},
            "put-ended": {"files": "1", "size": "8", "digest": blake3(b"Dear all").hexdigest()},
        }

        # From afar in the same words, for who may.
        assert alice.run("audit").code == 4
        assert boss.run("audit", "--session", "chat").out == shown
        found = boss.run("audit", "verify")
        assert (found.code, "are whole" in found.out) == (0, True), found
        export = lab.folder / "export.jsonl"
        assert boss.run("audit", "export", "-o", str(export)).code == 0
        assert kinds(export.read_text()) == kinds(lab.server.control("audit", "export").out)
        assert alice.run("audit", "verify", str(export)).code == 0
        lines = export.read_text().splitlines(keepends=True)
        place = next(number for number, line in enumerate(lines) if '"alice"' in line)
        lines[place] = lines[place].replace('"alice"', '"nobody"')
        export.write_text("".join(lines))
        broken = alice.run("audit", "verify", str(export))
        assert broken.code == 1
        assert f"record {place + 1} was changed" in broken.err

        # The server's own user can write the past anew, but those who have seen it notice.
        port = lab.server.port
        lab.server.stop()
        path = lab.folder / "server/state/audit.sqlite"
        with closing(sqlite3.connect(path)) as database, database:
            (last,) = database.execute("SELECT max(seq) FROM records").fetchone()
            database.execute("DELETE FROM records WHERE seq > 3")
        whole = lab.run("claude-remote-server", "audit", "verify", env=lab.server_environment)
        assert last > 10
        assert whole.code == 0
        assert "only others can say" in whole.out
        lab.start(port=port)
        for name in ("alice", "boss"):
            warned = lab.clients[name].run("sessions")
            assert "its audit is not the one that was seen here" in warned.err, warned
        cut = boss.run("audit", "verify")
        assert cut.code == 1
        assert "not whole" in cut.err
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("UPDATE records SET body = replace(body, 'first', 'worst') WHERE seq = 3")
        changed = lab.server.control("audit", "verify")
        assert changed.code == 1
        assert "record 3 was changed" in changed.err


def test_texts_can_be_left_out() -> None:
    with Lab() as lab:
        settings = lab.folder / "server/config/settings.toml"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text('[audit]\ntexts = "hash"\n')
        lab.start()
        alice = lab.approved("alice")
        lab.api.on("a secret", text("Hi."))
        alice.run("-p", "a secret")
        lab.server.stop()
        ran = lab.run("claude-remote-server", "audit", "--json", env=lab.server_environment)
        assert "a secret" not in ran.out
        (prompt,) = [record for record in records(ran.out) if record["kind"] == "prompt"]
        assert prompt["detail"]["text_bytes"] == "8"
        assert kinds(ran.out)[0] == "audit-began"
        assert kinds(ran.out)[-1] == "server-ended"
        revoked = lab.run("claude-remote-server", "clients", "revoke", "alice", env=lab.server_environment)
        assert revoked.code == 0
        ran = lab.run("claude-remote-server", "audit", "--json", env=lab.server_environment)
        assert kinds(ran.out)[-1] == "client-revoked"
        assert lab.run("claude-remote-server", "audit", "verify", env=lab.server_environment).code == 0
