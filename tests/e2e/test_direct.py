"""Direct connections from the outside: taken when one comes, done without when not, cut with their client."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from claude_remote import direct
from claude_remote.identity import Identity, load_or_create, passing_identity
from claude_remote.paths import find_paths
from tests.e2e.lab import Client, Lab
from tests.e2e.programs import Ran
from tests.e2e.relay import Relay
from tests.e2e.test_files import MB, errands, parts, wait_until

pytestmark = pytest.mark.e2e

SIZE = 100 * MB  # of which a third goes by the bus


class Wire(Relay):
    """Between a client and its server: it knows direct connections, and can meddle with them."""

    def __init__(self, target: int) -> None:
        self.direct = 0  # how many there have been
        self.passed = 0  # bytes of theirs, both ways
        self.refuses = False
        self.cuts_after: int | None = None  # so many bytes of each
        self.pause = 0.0  # seconds before each piece
        self.steal: Callable[[bytes], object] | None = None  # given the preface
        self.ended = threading.Event()  # one, by the server: what its client does is not told to it
        self._direct: set[tuple[socket.socket, socket.socket]] = set()
        super().__init__(target)

    def _pass_on(
        self, pair: tuple[socket.socket, socket.socket], source: socket.socket, sink: socket.socket
    ) -> None:
        if source is pair[0]:
            with suppress(OSError):
                first = source.recv(direct.PREFACE)
                if direct.is_preface(first):
                    self._direct.add(pair)
                    self._meet(pair, first)
                sink.sendall(first)
        if source is pair[0] and pair not in self._direct:
            super()._pass_on(pair, source, sink)
            return
        passed = 0
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if pair in self._direct:
                    time.sleep(self.pause)
                    passed += len(data)
                    self.passed += len(data)
                    if self.cuts_after is not None and passed > self.cuts_after:
                        self._end(pair, reset=False)
                with suppress(OSError):
                    sink.sendall(data)
        if source is pair[1]:
            if pair in self._direct:
                self.ended.set()
            self._end(pair, reset=False)

    def _meet(self, pair: tuple[socket.socket, socket.socket], preface: bytes) -> None:
        self.direct += 1
        if self.steal is not None:
            self.steal(preface)
        if self.refuses:
            self._end(pair, reset=True)


@pytest.fixture(scope="module")
def content() -> bytes:
    return os.urandom(MB) * (SIZE // MB)


@pytest.fixture
def house(lab: Lab, alice: Client, content: bytes) -> Iterator[tuple[Lab, Client, Wire]]:
    """A server, a client with a wire to it for each test, and a file on each side."""
    (lab.home / "theirs").write_bytes(content)
    (alice.home / "ours").write_bytes(content)
    with Wire(lab.server.port) as wire:
        _add(alice, wire, lab)
        yield lab, alice, wire
        assert alice.run("servers", "forget", "wired").code == 0
    for copy in (lab.home / "copy", alice.home / "copy"):
        copy.unlink(missing_ok=True)


def _add(client: Client, wire: Wire, lab: Lab) -> None:
    address, own = f"127.0.0.1:{wire.port}", lab.server.fingerprint
    added = client.run("servers", "add", "wired", address, "--fingerprint", own)
    assert added.code == 0, added


WAYS = {"put": ("put", "ours", "wired:copy"), "get": ("get", "wired:theirs", "copy")}


def target(way: str, lab: Lab, alice: Client) -> Path:
    return (lab.home if way == "put" else alice.home) / "copy"


def is_there(way: str, lab: Lab, alice: Client) -> bool:
    return target(way, lab, alice).read_bytes() == (lab.home / "theirs").read_bytes() and not parts(
        lab.folder
    )


def kinds(ran: Ran) -> list[str]:
    return [json.loads(line)["event"] for line in ran.out.splitlines()]


@pytest.mark.parametrize("way", WAYS)
def test_much_goes_by_a_connection_of_its_own(house: tuple[Lab, Client, Wire], way: str) -> None:
    lab, alice, wire = house
    ran = alice.run(*WAYS[way])
    assert (ran.code, ran.out, ran.err) == (0, "", ""), ran
    assert is_there(way, lab, alice)
    assert wire.direct == 1
    assert wire.passed > SIZE // 3
    wait_until(lambda: not errands(lab))
    assert not list(find_paths(lab.server_environment).run.glob("e-*"))


def test_little_does_not(house: tuple[Lab, Client, Wire]) -> None:
    _, alice, wire = house
    (alice.home / "small").write_bytes(bytes(20 * MB))
    assert alice.run("put", "small", "wired:small").code == 0
    assert alice.run("get", "wired:small", "back").code == 0
    assert wire.direct == 0


@pytest.mark.parametrize("way", WAYS)
def test_where_none_comes_through_it_goes_by_the_first(house: tuple[Lab, Client, Wire], way: str) -> None:
    lab, alice, wire = house
    wire.refuses = True
    ran = alice.run(*WAYS[way], "--json")
    assert ran.code == 0, ran
    assert kinds(ran) == ["file", "done", "finished"]
    assert is_there(way, lab, alice)
    assert (wire.direct, wire.passed) == (1, 0)


@pytest.mark.parametrize("way", WAYS)
def test_one_that_breaks_again_and_again_is_done_without(
    house: tuple[Lab, Client, Wire], content: bytes, way: str
) -> None:
    lab, alice, wire = house
    for file in (lab.home / "theirs", alice.home / "ours"):
        file.write_bytes(content * 2)  # enough for a third one, if there were one
    wire.cuts_after = 5 * MB
    ran = alice.run(*WAYS[way], "--json")
    assert ran.code == 0, ran
    assert kinds(ran).count("resumed") == 2, ran
    assert is_there(way, lab, alice)
    assert wire.direct == 2


@pytest.mark.parametrize("way", WAYS)
def test_a_transfer_goes_on_when_the_server_has_restarted(house: tuple[Lab, Client, Wire], way: str) -> None:
    lab, alice, wire = house
    wire.pause = 0.005
    with alice.start(*WAYS[way], "--json") as moving:
        wait_until(lambda: wire.passed > 2 * MB)
        assert lab.server.control("restart").code == 0
        wire.pause = 0.0
        ran = moving.finish()
    assert ran.code == 0, ran
    assert kinds(ran) == ["file", "reconnecting", "reconnected", "file", "resumed", "done", "finished"], ran
    assert is_there(way, lab, alice)


def thief(lab: Lab, wire: Wire, identity: Identity | None) -> list[str]:
    """Whoever sees the tickets on the wire, and is there first with each: what became of it."""
    fates: list[str] = []

    def steal(preface: bytes) -> None:
        with socket.create_connection(("127.0.0.1", lab.server.port), 10) as stream:
            stream.sendall(preface)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            if identity is not None:
                context.load_cert_chain(identity.certificate, identity.key)
            try:
                with context.wrap_socket(stream) as secured:
                    said = secured.recv(100)
                fates.append(f"heard {said!r}")
            except OSError as error:
                fates.append(type(error).__name__)

    wire.steal = steal
    return fates


@pytest.mark.parametrize("who", ["nobody", "stranger", "bob"])
def test_a_stolen_ticket_opens_nothing(house: tuple[Lab, Client, Wire], who: str) -> None:
    lab, alice, wire = house
    if who == "bob":  # who is let in himself, with every right
        paths = find_paths(lab.approved("bob", rights="full").environment)
        fates = thief(lab, wire, load_or_create(paths.client_key, paths.client_certificate))
    elif who == "stranger":
        with passing_identity() as identity:
            fates = thief(lab, wire, identity)
            ran = alice.run(*WAYS["get"])
    else:
        fates = thief(lab, wire, None)
    if who != "stranger":
        ran = alice.run(*WAYS["get"])
    assert (ran.code, ran.err) == (0, ""), ran
    assert is_there("get", lab, alice)
    # The errand refuses the handshake; nothing of the transfer was heard.
    assert fates == ["SSLError"], fates


@pytest.mark.parametrize("way", WAYS)
def test_who_is_revoked_is_cut_off_at_once(lab: Lab, content: bytes, way: str) -> None:
    """Even when the errand itself does nothing about it."""
    carol = lab.approved(f"carol-{way}")
    (lab.home / "theirs").write_bytes(content)
    (carol.home / "ours").write_bytes(content)
    with Wire(lab.server.port) as wire:
        _add(carol, wire, lab)
        wire.pause = 0.005
        with carol.start(*WAYS[way]) as moving:
            wait_until(lambda: wire.passed > 2 * MB)
            (errand,) = errands(lab)
            os.kill(errand, signal.SIGSTOP)
            revoked = lab.server.control("clients", "revoke", carol.name)
            assert revoked.code == 0, revoked
            assert wire.ended.wait(5)  # when what the kernel had taken to send has arrived
            ran = moving.finish()
    assert (ran.code, "revoked" in ran.err) == (4, True), ran
    assert not target(way, lab, carol).exists()
    os.kill(errand, signal.SIGCONT)
    wait_until(lambda: not errands(lab))
    for part in parts(lab.folder):
        part.unlink()
