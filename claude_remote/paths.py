"""Where things are. CLAUDE_REMOTE_HOME puts configuration, state and sockets under one folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path


@dataclass(frozen=True)
class Paths:
    """The folders of one user's claude-remote. None of them is created by naming it."""

    config: Path
    state: Path
    run: Path

    @property
    def client_key(self) -> Path:
        """The client's private key, PEM."""
        return self.config / "client.key"

    @property
    def client_certificate(self) -> Path:
        """The client's certificate, PEM."""
        return self.config / "client.crt"

    @property
    def server_key(self) -> Path:
        """The server's private key, PEM."""
        return self.config / "server.key"

    @property
    def server_certificate(self) -> Path:
        """The server's certificate, PEM."""
        return self.config / "server.crt"

    @property
    def client_config(self) -> Path:
        """What the client's user has chosen, such as the default server."""
        return self.config / "config.toml"

    @property
    def known_servers(self) -> Path:
        """Which server certificates this client trusts, under which names."""
        return self.config / "known_servers.toml"

    @property
    def trusted_clients(self) -> Path:
        """The server's trust store: clients and their rights."""
        return self.config / "server.toml"

    @property
    def environment(self) -> Path:
        """What is added to claude's environment: KEY=VALUE lines."""
        return self.config / "env"

    @property
    def seen(self) -> Path:
        """When and from where each client was last seen."""
        return self.state / "seen.json"

    @property
    def pending(self) -> Path:
        """Clients that wait for approval."""
        return self.state / "pending.json"

    @property
    def folders(self) -> Path:
        """Which folder of a server belongs to which folder here."""
        return self.state / "folders.json"

    @property
    def journal(self) -> Path:
        """The server's database."""
        return self.state / "journal.sqlite"

    @property
    def audit(self) -> Path:
        """The server's record of who did what."""
        return self.state / "audit.sqlite"

    @property
    def witness(self) -> Path:
        """The heads of servers' audits that this client has seen."""
        return self.state / "witness.json"

    @property
    def server_settings(self) -> Path:
        """What the owner of the server has chosen."""
        return self.config / "settings.toml"

    @property
    def spill(self) -> Path:
        """Events that a worker could not hand over yet."""
        return self.state / "spill"

    @property
    def versions(self) -> Path:
        """Versions of the server that `update` has installed."""
        return self.state / "versions"

    @property
    def lock(self) -> Path:
        """Held by the one server of this state."""
        return self.state / "server.lock"

    @property
    def control_socket(self) -> Path:
        """The owner's own way in."""
        return self.run / "control.sock"

    @property
    def bus_socket(self) -> Path:
        """ROUTER."""
        return self.run / "bus.sock"

    @property
    def feed_socket(self) -> Path:
        """PUB."""
        return self.run / "feed.sock"

    @property
    def zygote_socket(self) -> Path:
        """Where the zygote takes orders from the broker."""
        return self.run / "zygote.sock"


# sun_path holds 108 bytes on Linux and 104 on macOS, the final zero included.
_LONGEST_SOCKET = 100


def find_paths(environ: dict[str, str] | os._Environ[str] | None = None) -> Paths:
    """The folders for this environment, by CLAUDE_REMOTE_HOME or the XDG variables."""
    env = os.environ if environ is None else environ
    home = env.get("CLAUDE_REMOTE_HOME")
    if home:
        base = Path(home).expanduser().absolute()
        return Paths(base / "config", base / "state", _run_folder(base / "run"))
    config = Path(env.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "claude-remote"
    state = Path(env.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "claude-remote"
    runtime = env.get("XDG_RUNTIME_DIR")
    return Paths(config, state, _run_folder(Path(runtime) / "claude-remote" if runtime else state / "run"))


def _run_folder(wanted: Path) -> Path:
    """`wanted`, or a short stand-in when socket names below it would be too long for the kernel."""
    if len(os.fsencode(wanted / "control.sock")) <= _LONGEST_SOCKET:
        return wanted
    import tempfile

    user = os.getuid() if hasattr(os, "getuid") else 0
    digest = sha256(os.fsencode(wanted)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"claude-remote-{user}-{digest}"
