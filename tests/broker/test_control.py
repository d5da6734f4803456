"""The control socket: the owner's own processes, and those that Claude has started."""

import asyncio
import os
import stat
import sys
from pathlib import Path

import pytest

from claude_remote import messages
from claude_remote.messages import ClientState, Door, Hello, Ring, Standing
from claude_remote.processes import LEASE_VARIABLE
from claude_remote.rights import FULL
from claude_remote_broker.failure import Failure
from claude_remote_broker.listeners import open_unix
from claude_remote_broker.ports import Peer
from tests.broker.house import House, make_identity, on_uvloop, open_house

RING = Ring(user="me", host="here", version="1")
# Connects, says hello, and prints what the server says until it closes or answers a ping.
PROGRAM = """
import socket, sys
from claude_remote import codec, framing, messages
with socket.socket(socket.AF_UNIX) as link:
    link.connect(sys.argv[1])
    link.settimeout(10)
    for message in (messages.Hello(version="1"), messages.Ping()):
        link.sendall(framing.encode(codec.pack(message)))
    decoder = framing.Decoder()
    while data := link.recv(65536):
        for frame in decoder.feed(data):
            message = codec.unpack(frame.header, messages.FromServer)
            if not isinstance(message, messages.Hello):
                print(type(message).__name__, getattr(message, "code", ""), getattr(message, "message", ""))
                sys.exit()
"""


async def ask(house: House, *command: str, **more: str) -> str:
    """What the server says to a process of its own with this environment, started by `command`."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **more}
    process = await asyncio.create_subprocess_exec(
        *command,
        sys.executable,
        "-c",
        PROGRAM,
        str(house.paths.control_socket),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 20)
    return out.decode()


@on_uvloop
async def test_the_owner_is_let_in_with_all_rights(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        owner = await house.owner()
        assert owner.hello is not None
        assert (owner.hello.way, owner.hello.client) == (Door.LOCAL, "local")
        assert owner.hello.fingerprint == house.registry.own.fingerprint
        assert frozenset(owner.hello.rights) == FULL
        assert house.registry.rights("local") == FULL
        assert house.registry.roots("local") == ()
        await owner.ping()
        assert house.household.peers[1] == Peer("local", "local", Door.LOCAL, "local")
        assert stat.S_IMODE(house.paths.control_socket.stat().st_mode) == 0o600
        assert stat.S_IMODE(house.paths.control_socket.parent.stat().st_mode) == 0o700
        assert house.registry.infos() == ()


@on_uvloop
async def test_the_owner_introduces_a_client_of_this_machine(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        client = make_identity(house.paths, "here")
        owner = await house.owner()
        owner.say(RING, client.der)
        assert (await owner.hear(Standing)).state is ClientState.PENDING
        await owner.hear(messages.Done)
        await house.registry.approve(client.fingerprint, given=FULL)
        owner.say(RING, client.der)
        assert (await owner.hear(Standing)).state is ClientState.APPROVED
        await owner.hear(messages.Done)
        owner.say(RING, b"rubbish")
        assert (await owner.hear(messages.Error)).code == "bad-message"
        await owner.ping()
        await house.serves(client)
        assert house.registry.info(client.fingerprint).roots == ()


@on_uvloop
async def test_what_claude_has_started_is_refused(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        assert await ask(house) == "Done  \n"
        refused = "Error refused This was started by a Claude that this server runs"
        assert (await ask(house, **{LEASE_VARIABLE: "s.1.2"})).startswith(refused)
        # Somewhere above it there is one that carries the marker.
        clean = ("/bin/sh", "-c", f'env -u {LEASE_VARIABLE} "$@"; true', "sh")
        assert (await ask(house, *clean, **{LEASE_VARIABLE: "s.1.2"})).startswith(refused)
        assert await ask(house, **{f"NOT_{LEASE_VARIABLE}": "s.1.2"}) == "Done  \n"


@on_uvloop
async def test_what_lies_below_a_worker_is_refused(tmp_path: Path) -> None:
    async with open_house(tmp_path, is_ours=lambda pid: pid == os.getpid()) as house:
        assert (await ask(house)).startswith("Error refused")


@on_uvloop
async def test_frames_are_checked_here_too(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        owner = await house.owner()
        owner.writer.write(b"\xff" * 8)
        assert await owner.hear_error() == "bad-frame"
        owner = await house.owner()
        owner.say(Hello(version="1"))
        assert await owner.hear_error() == "out-of-turn"


def test_a_stale_socket_is_replaced_and_a_live_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "run" / "control.sock"
    stale = open_unix(path, owner_only=True)
    stale.socket.close()  # as after a SIGKILL: the file stays
    live = open_unix(path, owner_only=True)
    with pytest.raises(Failure, match="another server does"):
        open_unix(path, owner_only=True)
    live.close()
    assert not path.exists()


def test_closing_leaves_the_socket_of_the_next_server_alone(tmp_path: Path) -> None:
    path = tmp_path / "door.sock"
    first = open_unix(path)
    path.unlink()
    second = open_unix(path)
    first.close()
    assert path.exists()
    second.close()


def test_what_is_no_socket_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "door.sock"
    path.write_text("precious")
    with pytest.raises(Failure, match="no socket"):
        open_unix(path)
    assert path.read_text() == "precious"


def test_a_folder_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    folder.chmod(0o755)
    with pytest.raises(Failure, match="chmod 700"):
        open_unix(folder / "control.sock", owner_only=True)
