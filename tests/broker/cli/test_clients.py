"""`clients`, with and without a running server."""

import json
import socket
import ssl
from pathlib import Path

import pytest

from claude_remote import identity, tls
from claude_remote.client.link import Link
from claude_remote.messages import ClientState, Door, Ring, Standing
from claude_remote.processes import LEASE_VARIABLE
from tests.broker.running_server import RunningServer, run_command, server_environment, stand_in_claude

pytestmark = pytest.mark.e2e


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return server_environment(tmp_path, CLAUDE_REMOTE_CLAUDE=str(stand_in_claude(tmp_path)))


def ring(server: RunningServer, folder: Path, user: str) -> tuple[str, Link]:
    """Ask for approval, as a client that nobody knows. Its fingerprint, and the link that waits."""
    own = identity.load_or_create(folder / f"{user}.key", folder / f"{user}.crt")
    raw = socket.create_connection(("127.0.0.1", server.port), 10)
    link = Link(tls.client_context(None, None).wrap_socket(raw), "the server")
    assert link.greet(10).way is Door.BELL
    link.send(Ring(user=user, host="laptop", version="1"), own.der)
    standing = link.receive(10).message
    assert isinstance(standing, Standing)
    assert standing.state is ClientState.PENDING
    return own.fingerprint, link


def listed(environ: dict[str, str]) -> list[dict[str, object]]:
    done = run_command(["clients", "--json"], environ)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


def states(environ: dict[str, str]) -> dict[object, object]:
    return {client["name"]: client["state"] for client in listed(environ)}


def test_the_way_of_a_client_from_ring_to_revocation(environ: dict[str, str], tmp_path: Path) -> None:
    with RunningServer(environ, "--address", "127.0.0.1", "--port", "0") as server:
        assert listed(environ) == []
        fingerprint, waiting = ring(server, tmp_path, "me")
        (client,) = listed(environ)
        assert client["name"] == "me@laptop"
        assert client["state"] == "pending"
        assert client["address"] == "127.0.0.1"
        assert client["fingerprint"] == fingerprint
        assert len(str(client["words"]).split()) == 6
        assert client["rights"] == []
        assert {"first_seen", "last_seen"} <= client.keys()

        unseen = run_command(["clients", "approve", "--name", "mine"], environ)
        assert unseen.returncode == 2
        assert f"say which: clients approve {client['words']}" in unseen.stderr
        assert states(environ) == {"me@laptop": "pending"}
        approved = run_command(["clients", "approve", "--yes", "--name", "mine"], environ)
        assert (approved.returncode, approved.stdout) == (0, "✓ approved mine for work\n"), approved.stderr
        standing = waiting.receive(10).message
        assert isinstance(standing, Standing)
        assert standing.state is ClientState.APPROVED
        waiting.close()
        (client,) = listed(environ)
        assert client["rights"] == ["view", "prompt", "approve", "files"]
        assert "mine" in run_command(["clients"], environ).stdout

        changed = run_command(["clients", "approve", "mine", "--rights", "watch"], environ)
        assert changed.stdout == "✓ approved mine for watch\n"
        changed = run_command(
            ["clients", "rights", "mine", "+prompt", "-view", "--root", str(tmp_path)], environ
        )
        assert changed.stdout == f"✓ mine may now: prompt in {tmp_path}\n"
        revoked = run_command(["clients", "revoke", *str(client["words"]).split()], environ)
        assert revoked.stdout == "✓ revoked mine\n"
    assert states(environ) == {"mine": "revoked"}


def test_which_one_is_meant_must_be_said_when_several_wait(environ: dict[str, str], tmp_path: Path) -> None:
    with RunningServer(environ, "--address", "127.0.0.1", "--port", "0") as server:
        none = run_command(["clients", "approve"], environ)
        assert (none.returncode, none.stdout) == (2, "")
        assert "no client waits" in none.stderr
        first, link = ring(server, tmp_path, "one")
        second, other = ring(server, tmp_path, "two")
        unclear = run_command(["clients", "approve"], environ)
        assert unclear.returncode == 2
        assert first in unclear.stderr
        assert second in unclear.stderr
        assert run_command(["clients", "approve", first[:20]], environ).returncode == 0
        assert run_command(["clients", "refuse"], environ).stdout == "✓ refused two@laptop\n"
        standing = other.receive(10).message
        assert isinstance(standing, Standing)
        assert standing.state is ClientState.REFUSED
        link.close()
        other.close()
        assert states(environ) == {"one@laptop": "approved", "two@laptop": "refused"}
        assert run_command(["clients", "revoke", "nobody"], environ).returncode == 2


def test_listing_and_revoking_without_a_server(environ: dict[str, str], tmp_path: Path) -> None:
    with RunningServer(environ, "--address", "127.0.0.1", "--port", "0") as server:
        fingerprint, link = ring(server, tmp_path, "me")
        assert run_command(["clients", "approve", fingerprint], environ).returncode == 0
        link.close()
    assert states(environ) == {"me@laptop": "approved"}
    assert run_command(["clients", "revoke", fingerprint], environ).stdout == "✓ revoked me@laptop\n"
    assert states(environ) == {"me@laptop": "revoked"}
    assert run_command(["clients", "rights", fingerprint, "+exec"], environ).returncode == 2
    for what in (["approve"], ["refuse"], ["revoke"], ["rights", "+admin"]):
        refused = run_command(["clients", *what, fingerprint], {**environ, LEASE_VARIABLE: "s.1.2"})
        assert (refused.returncode, refused.stdout) == (4, "")
        assert "started by a Claude" in refused.stderr
    assert states(environ) == {"me@laptop": "revoked"}
    # The next server knows it.
    with RunningServer(environ, "--address", "127.0.0.1", "--port", "0") as server:
        assert states(environ) == {"me@laptop": "revoked"}
        own = identity.load_or_create(tmp_path / "me.key", tmp_path / "me.crt")
        raw = socket.create_connection(("127.0.0.1", server.port), 10)
        pinned = ssl.get_server_certificate(("127.0.0.1", server.port))
        context = tls.client_context(ssl.PEM_cert_to_DER_cert(pinned), own)
        with pytest.raises((ssl.SSLError, ConnectionError, OSError)), context.wrap_socket(raw) as link_socket:
            if not link_socket.recv(1):  # TLS 1.3 tells of a refused certificate at the first read
                raise ConnectionError
