"""Files, from the outside: a real server, `get` and `put` as they are run."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from claude_remote import connect
from claude_remote.errors import RemoteError
from claude_remote.messages import Get, Packet, Put
from claude_remote.paths import find_paths
from claude_remote.transfer import records as r
from claude_remote.transfer.content import digest
from tests.claude_remote.transfer.stage import look
from tests.e2e import leftovers
from tests.e2e.lab import Client, Lab, console_script
from tests.e2e.programs import Ran, Running
from tests.fakes.messages_api import Gate, reply, say, text

pytestmark = pytest.mark.e2e

MB = 1_000_000
FAR = 60 * MB  # and so by a direct connection


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    top = tmp_path / "tree"
    (top / "sub" / "deeper").mkdir(parents=True)
    (top / "empty").mkdir()
    for number in range(50):
        (top / "sub" / f"small {number}").write_bytes(os.urandom(number * 100))
    (top / "sub" / "deeper" / "large").write_bytes(os.urandom(3 * MB))
    Path(os.fsdecode(os.fsencode(top) + b"/\xff\xfe odd")).write_bytes(b"any bytes")
    (top / "link").symlink_to("sub/small 1")
    (top / "dangling").symlink_to("/nowhere/at/all")
    (top / "script").write_bytes(b"#!/bin/sh\n")
    (top / "script").chmod(0o751)
    os.utime(top / "script", ns=(1, 1_000_000_000_123_456_789))
    (top / "empty").chmod(0o500)
    return top


def wait_until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def parts(folder: Path) -> list[Path]:
    return [path for path in folder.rglob(".*.claude-remote.part") if path.is_file()]


def test_a_tree_both_ways(lab: Lab, alice: Client, tree: Path) -> None:
    ran = alice.run("put", "-r", str(tree), "copy")
    assert (ran.code, ran.out, ran.err) == (0, "", ""), ran
    assert look(lab.home / "copy") == look(tree)
    ran = alice.run("get", "-r", "copy", ".")
    assert (ran.code, ran.out, ran.err) == (0, "", ""), ran
    assert look(alice.home / "copy") == look(tree)
    # Into a folder that is there.
    (lab.home / "into").mkdir()
    assert alice.run("put", "-r", "copy", str(tree / "script"), "into").code == 0
    assert look(lab.home / "into" / "copy") == look(tree)
    assert (lab.home / "into" / "script").stat().st_mode & 0o777 == 0o751


def test_streams_patterns_and_names(lab: Lab, alice: Client, words: str) -> None:
    content = os.urandom(2 * MB)
    assert alice.run("put", "-", "stream", stdin=content).code == 0
    assert (lab.home / "stream").read_bytes() == content
    with alice.start("get", "home:stream", "-") as getting:
        ran_out = b""
        getting.process.wait(30)
        ran_out = getting._said["out"]
    assert ran_out == content
    for name in ("a.log", "b.log", "c.txt"):
        (lab.home / name).write_text(name)
    (alice.home / "logs").mkdir()
    assert alice.run("get", "*.log", "logs").code == 0
    assert sorted(each.name for each in (alice.home / "logs").iterdir()) == ["a.log", "b.log"]
    lab.api.on(words, text("Here."))
    (lab.work / "project").mkdir(exist_ok=True)
    assert alice.run("-n", words, "-C", "project", "-p", words).code == 0
    (alice.home / "note").write_text("for the session")
    assert alice.run("put", "note", f"@{words}").code == 0
    assert (lab.work / "project" / "note").read_text() == "for the session"
    assert alice.run("get", f"home:@{words}/note", "back").code == 0
    assert (alice.home / "back").read_text() == "for the session"
    assert alice.run("get", "@nobody/note", "back").code == 2


def test_what_a_shell_s_star_matches_as_well(lab: Lab, alice: Client) -> None:
    """Without -r, what are folders among it is left out; the rest goes."""
    for top in (lab.home / "mixed", alice.home / "mixed"):
        (top / "below").mkdir(parents=True)
        (top / "one").write_text("one")
    (alice.home / "got").mkdir()
    ran = alice.run("get", "mixed/*", "got")
    assert (ran.code, (alice.home / "got" / "one").read_text()) == (2, "one"), ran
    assert ran.err == f"claude-remote: {lab.home}/mixed/below is a folder; whole folders are moved with -r\n"
    (lab.home / "put").mkdir()
    ran = alice.run("put", "mixed/below", "mixed/one", "put")
    assert (ran.code, (lab.home / "put" / "one").read_text()) == (2, "one"), ran
    assert ran.err == "claude-remote: mixed/below is a folder; whole folders are moved with -r\n"
    assert not (lab.home / "put" / "below").exists()


def test_events_for_scripts(lab: Lab, alice: Client) -> None:
    (lab.home / "some").mkdir()
    (lab.home / "some" / "file").write_bytes(b"x" * 100)
    os.mkfifo(lab.home / "some" / "fifo")
    ran = alice.run("get", "-r", "--json", "some", "some")
    assert ran.code == 2
    events = [json.loads(line) for line in ran.out.splitlines()]
    assert [event["event"] for event in events] == ["failed", "file", "done", "finished"]
    assert events[0]["code"] == "not-a-file"
    assert (events[-1]["files"], events[-1]["bytes"], events[-1]["failed"]) == (1, 100, 1)


def test_what_goes_wrong_is_said(lab: Lab, alice: Client) -> None:
    (lab.home / "folder").mkdir()
    (lab.home / "out").symlink_to("/etc")
    (alice.home / "file").write_text("content")
    own = find_paths(lab.server_environment)
    for argv, code, words in (
        (("get", "nothing"), 2, "No such file"),
        (("get", "folder"), 2, "-r"),
        (("get", "/etc/passwd"), 4, "outside"),
        (("get", "../../etc/passwd"), 4, "outside"),
        (("get", "-r", "out"), 4, "outside"),
        (("put", "file", "/etc/new"), 4, "outside"),
        (("put", "file", "out/new"), 4, "outside"),
        (("put", "file", "missing/new"), 2, "does not exist"),
        (("put", "file"), 2, "at least two"),
        (("put", "nothing", "x"), 2, "No such file"),
        (("put", str(find_paths(alice.environment).client_key), "x"), 4, "belongs to claude-remote"),
        (("get", "folder/x", str(find_paths(alice.environment).config / "client.key")), 4, "belongs to"),
        (("get", str(own.server_key)), 4, "outside"),
    ):
        ran = alice.run(*argv)
        assert (ran.code, words in ran.err) == (code, True), (argv, ran)
    full = lab.approved("full", rights="full")
    assert "belongs to claude-remote" in full.run("get", str(own.server_key)).err
    watch = lab.approved("watch", rights="watch")
    ran = watch.run("get", "folder", "-r")
    assert (ran.code, "`files`" in ran.err) == (4, True), ran
    assert not parts(lab.folder)


def test_closed_and_full_streams(lab: Lab, alice: Client) -> None:
    (lab.home / "shown").write_bytes(b"shown")

    def shell(line: str) -> Ran:
        words = ["sh", "-c", line.replace("claude-remote", str(console_script("claude-remote")))]
        with Running(words, alice.environment, alice.home) as running:
            return running.finish()

    ran = shell("claude-remote put - nothing <&-")
    assert (ran.code, ran.err) == (3, "claude-remote: stdin: Bad file descriptor\n"), ran
    assert not (lab.home / "nothing").exists()
    assert shell("claude-remote get shown here >&- 2>&-").code == 0
    assert (alice.home / "here").read_bytes() == b"shown"
    for line in ("get shown -", "get --json shown here", "servers"):
        ran = shell(f"claude-remote {line} > /dev/full")
        assert (ran.code, ran.err) == (
            2,
            "claude-remote: cannot write standard output: No space left on device\n",
        ), ran
    # Nobody reads the events: that is not the file's fault.
    (alice.home / "here").unlink()
    ran = shell("(claude-remote get --json shown here; echo $? >&2) | true")
    assert (ran.code, ran.err) == (0, "141\n"), ran
    assert not parts(lab.folder)


def test_a_folder_does_not_take_the_place_of_a_file(lab: Lab, alice: Client, tree: Path) -> None:
    (lab.home / "taken").write_bytes(b"kept")
    ran = alice.run("put", "-r", str(tree / "empty"), "taken")
    words = "claude-remote: taken is no folder there, and a folder cannot take its place\n"
    assert (ran.code, ran.err) == (2, words), ran
    assert (lab.home / "taken").read_bytes() == b"kept"


def test_two_clients_write_the_same_file(lab: Lab, alice: Client) -> None:
    bob = lab.approved("bob2")
    contents = []
    for client in (alice, bob):
        (client.home / "mine").write_bytes(os.urandom(20 * MB))
        contents.append((client.home / "mine").read_bytes())
    with alice.start("put", "mine", "both") as one, bob.start("put", "mine", "both") as other:
        assert one.finish().code == other.finish().code == 0
    assert (lab.home / "both").read_bytes() in contents
    assert not parts(lab.home)


def test_thousands_of_small_files(lab: Lab, alice: Client) -> None:
    many = alice.home / "many"
    for folder in range(50):
        (many / f"{folder}").mkdir(parents=True)
        for number in range(100):
            (many / f"{folder}" / f"{number}").write_bytes(b"%d" % number * 50)
    assert alice.run("put", "-r", "many", "many").code == 0
    assert look(lab.home / "many") == look(many)
    assert alice.run("get", "-r", "many", "again").code == 0
    assert look(alice.home / "again") == look(many)


# --- any death ------------------------------------------------------------------------------------------


@pytest.fixture
def large(own_lab: Lab) -> tuple[Lab, Client, bytes]:
    own_lab.start()
    alice = own_lab.approved("alice")
    content = os.urandom(MB) * 300
    return own_lab, alice, content


def errands(lab: Lab) -> list[int]:
    """Processes forked from the zygote."""
    zygotes = [pid for pid, argv in leftovers.marked(lab.mark).items() if "zygote" in argv]
    return [pid for pid in zygotes if _parent(pid) in zygotes]


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def size_of_parts(folder: Path) -> int:
    return sum(part.stat().st_size for part in parts(folder))


@pytest.mark.parametrize("way", ["put", "get"])
@pytest.mark.parametrize("victim", ["errand", "broker"])
def test_a_transfer_outlives_the_servers_processes(
    large: tuple[Lab, Client, bytes], way: str, victim: str
) -> None:
    lab, alice, content = large
    here, there = alice.home / "file", lab.home / "file"
    source, target = (here, there) if way == "put" else (there, here)
    source.write_bytes(content)
    argv = ("put", "file", "file") if way == "put" else ("get", "file", ".")
    with alice.start(*argv, "--json") as moving:
        wait_until(lambda: size_of_parts(target.parent) > FAR)
        if victim == "errand":
            (pid,) = errands(lab)
            os.kill(pid, signal.SIGKILL)
        else:
            first = lab.server
            first.kill()
            lab.start(port=first.port)
        ran = moving.finish(60)
    assert ran.code == 0, ran
    events = [json.loads(line) for line in ran.out.splitlines()]
    kinds = [event["event"] for event in events]
    assert kinds == ["file", "reconnecting", "reconnected", "file", "resumed", "done", "finished"], kinds
    assert events[4]["offset"] > FAR
    assert target.read_bytes() == content
    assert not parts(lab.folder)


@pytest.mark.parametrize("way", ["put", "get"])
def test_a_transfer_outlives_what_starts_workers(large: tuple[Lab, Client, bytes], way: str) -> None:
    """The zygote: its errands go on without it, or are begun again."""
    lab, alice, content = large
    here, there = alice.home / "file", lab.home / "file"
    source, target = (here, there) if way == "put" else (there, here)
    source.write_bytes(content)
    argv = ("put", "file", "file") if way == "put" else ("get", "file", ".")
    with alice.start(*argv) as moving:
        wait_until(lambda: size_of_parts(target.parent) > FAR)
        (errand,) = errands(lab)
        os.kill(_parent(errand), signal.SIGKILL)
        ran = moving.finish(60)
    assert ran.code == 0, ran
    assert target.read_bytes() == content
    assert not parts(lab.folder)
    # There is another one.
    assert alice.run("get", "file", "again").code == 0


def test_a_session_streams_on_beside_transfers(lab: Lab, alice: Client, words: str) -> None:
    content = os.urandom(60 * MB)
    (alice.home / "beside").write_bytes(content)
    pieces = "".join(f"piece {number}, " for number in range(300))
    gate = Gate()
    lab.api.on(words, reply(say(pieces, chunks=300, gate=gate, gate_after=20)))
    with alice.watch("-p", words) as streaming:
        streaming.wait_for("piece 9, ")
        with alice.start("put", "beside", "beside") as putting:
            gate.open()
            streaming.wait_for("piece 299, ")
            assert putting.finish().code == 0
        assert streaming.finish().out == pieces + "\n"
    assert alice.run("get", "beside", "back").code == 0
    assert (alice.home / "back").read_bytes() == content


@pytest.mark.parametrize("way", ["put", "get"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_client_goes_on_where_it_was(
    large: tuple[Lab, Client, bytes], way: str, number: signal.Signals
) -> None:
    lab, alice, content = large
    here, there = alice.home / "file", lab.home / "file"
    source, target = (here, there) if way == "put" else (there, here)
    source.write_bytes(content)
    argv = ("put", "file", "file") if way == "put" else ("get", "file", ".")
    with alice.start(*argv) as moving:
        wait_until(lambda: size_of_parts(target.parent) > FAR)
        moving.process.send_signal(number)
        ran = moving.finish()
    if number is signal.SIGINT:
        assert (ran.code, "goes on from there" in ran.err) == (130, True), ran
    assert not target.exists()
    wait_until(lambda: not errands(lab))
    ran = alice.run(*argv, "--json")
    assert ran.code == 0, ran
    events = [json.loads(line) for line in ran.out.splitlines()]
    assert [event["event"] for event in events] == ["file", "resumed", "done", "finished"]
    assert target.read_bytes() == content
    assert not parts(lab.folder)


def test_a_stream_that_is_interrupted_promises_nothing(lab: Lab, alice: Client) -> None:
    before = parts(lab.home)
    with subprocess.Popen(["sleep", "60"], stdout=subprocess.PIPE) as silent:
        words = [console_script("claude-remote"), "put", "-", "endless"]
        with subprocess.Popen(
            words, env=alice.environment, cwd=alice.home, stdin=silent.stdout, stderr=subprocess.PIPE
        ) as putting:
            wait_until(lambda: parts(lab.home) != before)
            putting.send_signal(signal.SIGINT)
            _, said = putting.communicate(timeout=30)
        silent.kill()
    assert (putting.returncode, said) == (130, b"interrupted\n\n")
    # Nothing had come, so nothing is kept.
    wait_until(lambda: parts(lab.home) == before)


# --- a client that speaks the wire itself ---------------------------------------------------------------


def test_a_hostile_client(lab: Lab, alice: Client, tmp_path: Path) -> None:
    (lab.home / "box").mkdir()
    outside = lab.folder / "outside"
    outside.mkdir(exist_ok=True)
    (lab.home / "box" / "way-out").symlink_to(outside)
    evil = {"mode": 0o777, "mtime": 0, "digest": digest(b"")}

    def say(*records: r.Record) -> str:
        """What the server makes of these records: the code of its error, or of its first Failed."""
        packet = r.Packet()
        for record in records:
            packet.add(record)
        with connect("home", paths=find_paths(alice.environment)) as client:
            try:
                with client.run_errand(Put(folder=True), b"box") as errand:
                    errand.send(Packet(), bytes(packet.view() or b""))
                    while (parcel := errand.receive(30)) is not None:
                        for each in r.read(parcel.payload, r.FROM_RECEIVER):
                            if isinstance(each.record, r.Failed):
                                return each.record.code
            except RemoteError as error:
                return error.code
        return "done"

    start = r.Start(upto=0)
    for path in (b"../x", b"/etc/x", b"a/../../x", b"x\0y", b""):
        assert say(start, r.Whole(n=1, path=path, **evil)) == "bad-name"
    assert say(start, r.Directory(n=1, path=b"way-out", mode=0o777, mtime=0)) == "not-a-file"
    assert say(start, r.Whole(n=1, path=b"way-out/x", **evil)) == "not-a-file"
    assert say(start, r.Whole(n=1, path=b"x", mode=0, mtime=0, digest=bytes(32))) == "damaged"
    assert say(start, r.Offer(n=1, path=b"x", mode=0, mtime=0, size=2**53)) == "no-space"
    assert say(r.Start(upto=7)) == "bad-message"
    assert say(start, r.Finish(), r.Finish()) == "bad-message"
    assert not list(outside.iterdir())
    assert [each.name for each in (lab.home / "box").iterdir()] == ["way-out"]
    with connect("home", paths=find_paths(alice.environment)) as client:
        for request, payload in (
            (Put(), b""),
            (Put(), b"\0"),
            (Put(again=True, name=b"../x"), os.fsencode(lab.home)),
            (Put(again=True, name=b"x"), b"/etc"),
            (Put(again=True), b"box/way-out"),
            (Get(), b""),
            (Get(), b"no end"),
            (Get(), b"../../etc/passwd\0"),
            (Get(recursive=True), b"box/way-out\0"),
            (Get(), b"x" * 100_000 + b"\0"),
        ):
            with pytest.raises(RemoteError), client.run_errand(request, payload) as errand:
                while errand.receive(30) is not None:
                    pass
    shutil.rmtree(lab.home / "box")


def test_progress_on_a_terminal(lab: Lab, alice: Client) -> None:
    (lab.home / "shown").write_bytes(os.urandom(40 * MB))
    with alice.terminal("get", "shown", ".") as getting:
        getting.wait_for("1 file, 40.0 MB in")
    assert (alice.home / "shown").stat().st_size == 40 * MB
