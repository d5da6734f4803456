"""`claude-remote exec` as its user sees it: streams, exit codes, signals, terminals, and how it all ends."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE

import pytest

from claude_remote import processes
from claude_remote.paths import find_paths
from claude_remote_broker import zygote
from tests.e2e.lab import Client, Lab, console_script
from tests.e2e.leftovers import marked
from tests.e2e.programs import PATIENCE, Running

pytestmark = pytest.mark.e2e

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def carol(lab: Lab) -> Client:
    """A client that may run commands."""
    return lab.approved("carol", rights="full")


def commands(lab: Lab, words: str) -> list[int]:
    """Processes of the server with these words in their command line, those of clients left out."""
    return [pid for pid, line in marked(lab.mark).items() if words in line and "claude-remote" not in line]


def wait_until_gone(lab: Lab, words: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while found := commands(lab, words):
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


def wait_until_there(lab: Lab, words: str) -> int:
    deadline = time.monotonic() + PATIENCE
    while not (found := commands(lab, words)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found[0]


def peak(pid: int) -> int:
    """The most memory that a process has had, bytes; 0 when it has just ended."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0


# --- streams and exit codes ------------------------------------------------------------------------------


def test_streams_are_apart_and_the_exit_code_is_the_commands(carol: Client) -> None:
    ran = carol.run("exec", "echo out; echo err >&2; exit 7")
    assert (ran.code, ran.out, ran.err) == (7, "out\n", "err\n")


def test_several_words_are_run_as_they_are_and_options_end_at_the_command(carol: Client) -> None:
    ran = carol.run("exec", "printf", "%s|", "-t", "a b", "$HOME", "*", "")
    assert (ran.code, ran.out) == (0, "-t|a b|$HOME|*||")


def test_words_need_not_be_utf8(lab: Lab, carol: Client) -> None:
    argv = [os.fsencode(console_script("claude-remote")), b"exec", b"printf", b"%s", b"\xff\xfe"]
    ran = subprocess.run(
        argv, env=carol.environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, b"\xff\xfe")


def test_it_runs_where_sessions_start_or_in_the_folder_that_is_named(lab: Lab, carol: Client) -> None:
    (lab.work / "below").mkdir()
    assert carol.run("exec", "pwd").out == f"{lab.work.resolve()}\n"
    assert carol.run("exec", "-C", "below", "pwd").out == f"{(lab.work / 'below').resolve()}\n"
    assert carol.run("exec", "-C", "/", "pwd").out == "/\n"
    ran = carol.run("exec", "-C", "nowhere", "pwd")
    assert ran.code == 255
    assert "does not exist on the server" in ran.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("no-such-command-at-all",), 127),
        (("no-such-command-at-all", "with", "words"), 127),
        (("/etc/passwd", "x"), 126),
        (("kill -KILL $$",), 137),
        (("sh", "-c", "kill -TERM $$"), 143),
        (("exit 255",), 255),
        (("true",), 0),
    ],
)
def test_odd_ends_are_those_of_a_shell(carol: Client, words: tuple[str, ...], code: int) -> None:
    assert carol.run("exec", *words).code == code


def test_it_has_claudes_environment(lab: Lab, carol: Client) -> None:
    ran = carol.run("exec", "echo $ANTHROPIC_BASE_URL $HOME")
    assert ran.out == f"{lab.server_environment['ANTHROPIC_BASE_URL']} {lab.home}\n"


def test_without_the_right_nothing_runs(lab: Lab) -> None:
    dave = lab.approved("dave")
    ran = dave.run("exec", "touch", str(lab.work / "touched"))
    assert ran.code == 255
    assert "lacks the right `exec`" in ran.err
    assert not (lab.work / "touched").exists()


def test_the_owner_needs_no_door(lab: Lab) -> None:
    ran = lab.run("claude-remote", "exec", "echo here", env=lab.server_environment)
    assert (ran.code, ran.out) == (0, "here\n")


def test_errors_of_ours_are_255(carol: Client) -> None:
    assert carol.run("exec").code == 255
    assert carol.run("exec", "--no-such-option", "true").code == 255
    assert carol.run("exec", "-s", "127.0.0.1:1", "--accept-new", "true").code == 255
    assert carol.run("exec", "--help").code == 0


# --- much of everything ----------------------------------------------------------------------------------


def test_much_input_and_output_pass_and_nobody_grows(lab: Lab, carol: Client, tmp_path: Path) -> None:
    size = 200 * MIB
    block = os.urandom(MIB)
    digest = hashlib.sha256()
    before = peak(lab.server.pid)
    argv = [console_script("claude-remote"), "exec", "cat"]
    source = tmp_path / "source"
    with source.open("wb") as file:
        for _ in range(size // MIB):
            file.write(block)
            digest.update(block)
    got = hashlib.sha256()
    own = 0
    with (
        source.open("rb") as file,
        subprocess.Popen(argv, env=carol.environment, stdin=file, stdout=PIPE) as run,
    ):
        assert run.stdout
        while piece := run.stdout.read(MIB):
            got.update(piece)
            own = max(own, peak(run.pid))
    assert run.returncode == 0
    assert got.digest() == digest.digest()
    assert 0 < own < 100 * MIB
    assert peak(lab.server.pid) - before < 60 * MIB


def test_a_reader_that_sleeps_holds_the_command_back(lab: Lab, carol: Client) -> None:
    count = lab.work / "written"
    argv = [console_script("claude-remote"), "exec"]
    line = f"for i in $(seq 300); do head -c {MIB} /dev/zero; echo $i > {count}; done"
    before = peak(lab.server.pid)
    with subprocess.Popen([*argv, line], env=carol.environment, stdin=subprocess.DEVNULL, stdout=PIPE) as run:
        assert run.stdout
        run.stdout.read(MIB)
        wait_for_standstill(count)
        assert int(count.read_text()) < 30
        assert peak(lab.server.pid) - before < 40 * MIB
        assert len(run.stdout.read()) == 299 * MIB
    assert run.returncode == 0


def wait_for_standstill(path: Path) -> None:
    """Until a file has not changed for a second."""
    last, since = b"", time.monotonic()
    deadline = since + PATIENCE
    while time.monotonic() - since < 1.0:
        assert time.monotonic() < deadline
        now = path.read_bytes() if path.exists() else b""
        if now != last:
            last, since = now, time.monotonic()
        time.sleep(0.05)


def test_input_that_nobody_reads_is_no_error(carol: Client) -> None:
    for words, said in (("true", b""), ("head -c 3", b"xxx")):
        ran = subprocess.run(
            [console_script("claude-remote"), "exec", words],
            env=carol.environment,
            input=b"x" * 30 * MIB,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        assert (ran.returncode, ran.stdout) == (0, said)


def test_a_reader_that_leaves_ends_the_command(lab: Lab, carol: Client) -> None:
    program = console_script("claude-remote")
    line = f"{program} exec 'yes 11111; : reader-leaves' | head -n 1; echo ${{PIPESTATUS[0]}}"
    ran = subprocess.run(
        ["bash", "-c", line],
        env=carol.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ran.stdout == "11111\n141\n"
    wait_until_gone(lab, "reader-leaves")


def test_what_a_child_says_last_is_heard_and_the_child_ends(lab: Lab, carol: Client) -> None:
    ran = carol.run("exec", "(sleep 0.1; echo late) & echo early; sleep 7001 & exit 3")
    assert (ran.code, ran.out) == (3, "early\nlate\n")
    wait_until_gone(lab, "sleep 7001")


# --- signals and terminals -------------------------------------------------------------------------------


TRAPS = (
    "trap 'echo INT; exit 9' INT; trap 'echo TERM; exit 8' TERM; trap 'echo HUP; exit 7' HUP; echo ready; {}"
)


@pytest.mark.parametrize(
    ("number", "told", "code"),
    [(signal.SIGINT, "INT", 9), (signal.SIGTERM, "TERM", 8), (signal.SIGHUP, "HUP", 7)],
)
def test_signals_reach_the_command(carol: Client, number: signal.Signals, told: str, code: int) -> None:
    with carol.start("exec", "bash", "-c", TRAPS.format("while :; do sleep 0.05; done")) as running:
        running.wait_for("ready")
        running.process.send_signal(number)
        ran = running.finish()
    assert (ran.code, ran.out) == (code, f"ready\n{told}\n")


def test_ctrl_c_reaches_a_command_that_reads_no_input(carol: Client) -> None:
    with carol.start("exec", "echo ready; exec sleep 300", stdin=b"") as running:
        running.wait_for("ready")
        running.interrupt()
        assert running.finish().code == 130


def test_ctrl_c_passes_input_that_waits(carol: Client) -> None:
    argv = [console_script("claude-remote"), "exec", "echo ready; exec sleep 300"]
    with subprocess.Popen(argv, env=carol.environment, stdin=PIPE, stdout=PIPE) as run:
        assert run.stdin
        assert run.stdout
        assert run.stdout.readline() == b"ready\n"
        os.set_blocking(run.stdin.fileno(), False)
        try:
            while True:
                os.write(run.stdin.fileno(), bytes(MIB))
                time.sleep(0.01)
        except BlockingIOError:
            pass
        run.send_signal(signal.SIGINT)
        assert run.wait(PATIENCE) == 130


def test_who_insists_leaves_a_command_that_ignores_him(lab: Lab, carol: Client) -> None:
    with carol.start("exec", "trap '' INT; echo ready; sleep 7002; sleep 7002") as running:
        running.wait_for("ready")
        for _ in range(3):
            running.interrupt()
            time.sleep(0.3)
        assert running.finish().code == 130
    wait_until_gone(lab, "sleep 7002")


def test_a_terminal_has_our_size_and_follows_it(carol: Client) -> None:
    with carol.terminal("exec", "-t", "bash", "--norc") as terminal:
        terminal.type("PS1='$ '; stty size; tty; echo $TERM\r")
        terminal.wait_for("40 100")
        terminal.wait_for("/dev/pts/")
        terminal.wait_for("xterm-256color")
        terminal.resize(50, 120)
        terminal.type("until stty size | grep '50 120'; do sleep 0.05; done\r")
        terminal.wait_for("[\r\n]50 120")
        terminal.type("echo now; sleep 300\r")
        terminal.wait_for("[\r\n]now")
        terminal.type("\x03")
        terminal.wait_for(r"\^C")
        terminal.type("echo after=$?; exit 5\r")
        terminal.wait_for("after=130")
        assert terminal.finish().code == 5


def test_the_local_terminal_is_as_it_was(lab: Lab, carol: Client) -> None:
    with carol.terminal("exec", "-t", "echo ready; sleep 7003") as terminal:
        before = terminal.attributes
        terminal.wait_for("ready")
        assert terminal.attributes != before
        os.kill(lab_errand(lab), signal.SIGKILL)
        assert terminal.finish().code == 255
        assert terminal.attributes == before
        assert "ended unexpectedly" in terminal.screen
    wait_until_gone(lab, "sleep 7003")


def test_a_terminal_for_piped_input(carol: Client) -> None:
    ran = carol.run("exec", "-t", "stty -echo; read x; echo got $x; [ -t 0 ] && cat", stdin=b"one\ntwo\n")
    assert ran.code == 0
    assert "got one\r\ntwo\r\n" in ran.out


# --- ends ------------------------------------------------------------------------------------------------


def lab_errand(lab: Lab) -> int:
    """The process of the errand that runs."""
    members = zygote.find_family(find_paths(lab.server_environment).zygote_socket)
    pids = {process.pid for process in members}
    (errand,) = [process.pid for process in members if not pids.isdisjoint(processes.ancestors(process.pid))]
    return errand


@pytest.fixture
def running(lab: Lab, carol: Client) -> Iterator[Running]:
    """A command with a child in a session of its own."""
    with carol.start("exec", "setsid sleep 7004 & echo ready; sleep 7004; echo never") as running:
        running.wait_for("ready")
        wait_until_there(lab, "sleep 7004")
        yield running


def test_the_tree_ends_with_a_client_that_is_killed(lab: Lab, running: Running) -> None:
    running.process.kill()
    wait_until_gone(lab, "sleep 7004")


def test_the_tree_ends_with_its_errand_and_the_client_is_told(lab: Lab, running: Running) -> None:
    os.kill(lab_errand(lab), signal.SIGKILL)
    ran = running.finish()
    assert ran.code == 255
    assert "The server's process for this ended unexpectedly." in ran.err
    wait_until_gone(lab, "sleep 7004")


def test_a_command_is_hung_up_on_before_it_is_killed(lab: Lab, carol: Client) -> None:
    told = lab.work / "hung-up"
    with carol.start("exec", f"trap 'touch {told}; exit' HUP; echo ready; sleep 300 & wait") as running:
        running.wait_for("ready")
        running.process.kill()
        deadline = time.monotonic() + PATIENCE
        while not told.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_one_in_the_background_goes_on(lab: Lab, carol: Client) -> None:
    ran = carol.run("exec", "--bg", "(trap '' HUP; sleep 7005 & sleep 7005); true")
    assert ran.code == 0
    pid = int(ran.out)
    wait_until_there(lab, "sleep 7005")
    # Other errands and their ends do not touch it.
    assert carol.run("exec", "true").code == 0
    assert len(commands(lab, "sleep 7005")) >= 2
    os.killpg(pid, signal.SIGKILL)
    wait_until_gone(lab, "sleep 7005")


def test_one_in_the_background_outlives_the_server(own_lab: Lab) -> None:
    own_lab.start()
    erin = own_lab.approved("erin", rights="full")
    pid = int(erin.run("exec", "--bg", "sleep", "7006").out)
    own_lab.server.stop()
    assert commands(own_lab, "sleep 7006") == [pid]
    os.kill(pid, signal.SIGKILL)


def test_the_tree_ends_with_the_broker(own_lab: Lab) -> None:
    own_lab.start()
    erin = own_lab.approved("erin", rights="full")
    with erin.start("exec", "setsid sleep 7007 & echo ready; sleep 7007") as running:
        running.wait_for("ready")
        own_lab.server.kill()
        ran = running.finish()
        assert ran.code == 255
        wait_until_gone(own_lab, "sleep 7007")
    own_lab.start(port=own_lab.server.port)
    assert erin.run("exec", "echo back").out == "back\n"


def test_a_new_broker_ends_what_the_old_one_left(own_lab: Lab) -> None:
    own_lab.start()
    erin = own_lab.approved("erin", rights="full")
    with erin.start("exec", "echo ready; trap '' HUP; sleep 7008; sleep 7008") as running:
        running.wait_for("ready")
        own_lab.server.kill()
        own_lab.start(port=own_lab.server.port)
        wait_until_gone(own_lab, "sleep 7008")
        assert running.finish().code == 255


def test_a_stopping_server_says_so(own_lab: Lab) -> None:
    own_lab.start()
    erin = own_lab.approved("erin", rights="full")
    with erin.start("exec", "echo ready; sleep 7009") as running:
        running.wait_for("ready")
        own_lab.server.stop()
        ran = running.finish()
    assert (ran.code, ran.err) == (255, "claude-remote: The server is shutting down.\n")


def test_a_restart_ends_it_and_says_so(own_lab: Lab) -> None:
    own_lab.start()
    erin = own_lab.approved("erin", rights="full")
    with erin.start("exec", "setsid sleep 7010 & echo ready; sleep 7010") as running:
        running.wait_for("ready")
        assert own_lab.server.control("restart").code == 0
        ran = running.finish()
    assert ran.code == 255
    assert "restart" in ran.err
    wait_until_gone(own_lab, "sleep 7010")
    assert erin.run("exec", "echo back").out == "back\n"


def test_a_terminal_for_what_is_left_running_cannot_be_had(carol: Client) -> None:
    ran = carol.run("exec", "--bg", "-t", "true")
    assert (ran.code, ran.out, "not both" in ran.err) == (255, "", True), ran
