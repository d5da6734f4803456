"""`make demo`: the whole road on this machine, with the real claude and a scripted model behind it.

A server starts, a stranger asks to be let in and is, prompts Claude, is asked for a permission and gives it.
Everything is below one temporary folder, which is gone afterwards with every process. The exit code is 0 when
all of it went as it should.
"""

from __future__ import annotations

import sys
import time

from tests.e2e.lab import Client, Lab
from tests.fakes.messages_api import bash, text

STORY = "It came back, by TLS 1.3, from the Claude Code of another machine, word by word as it was said."


class WentWrong(Exception):
    """A step did not do what it should."""


def main() -> int:
    """Run it; 0 or 1."""
    began = time.monotonic()
    try:
        with Lab() as lab:
            alice = let_in(lab)
            prompt(lab, alice)
            approve(lab, alice)
            go_on(lab, alice)
            lab.server.stop()
            tell("The server has ended, and every process below it.")
    except (WentWrong, AssertionError, OSError, EOFError) as error:
        print(f"\nIt went wrong: {error}", file=sys.stderr)
        return 1
    tell(f"All of it worked, in {time.monotonic() - began:.0f} seconds.")
    return 0


def let_in(lab: Lab) -> Client:
    """First contact: a fingerprint, six words, an approval."""
    tell("A server starts: real Claude Code, and a scripted model in place of Anthropic's.")
    server = lab.start()
    typed("server", "claude-remote-server")
    shown(server.running.out)

    tell("Somebody on another machine names it. Nobody knows him yet.")
    alice = lab.client("alice")
    fingerprint = server.fingerprint
    typed("laptop", f"claude-remote servers add home {server.address} --fingerprint {fingerprint}")
    rang = alice.add(server)
    shown(rang.out + rang.err)
    expect(rang.code == 4, "a stranger must not get in")

    tell("The server's owner sees the same six words, and lets him in.")
    (pending,) = server.clients()
    typed("server", f"claude-remote-server clients approve '{pending['words']}' --rights work")
    shown(server.approve(pending["words"], name="alice").out)

    typed("laptop", "claude-remote ping")
    pinged = alice.run("ping")
    shown(pinged.out)
    expect(pinged.code == 0, "the approved client must get in")
    return alice


def prompt(lab: Lab, alice: Client) -> None:
    """A prompt, its answer streamed."""
    tell("A prompt, and its answer.")
    lab.api.on("far away", text(STORY, chunks=20, delay=0.03))
    asked = 'claude-remote -n demo -p "say something from far away"'
    typed("laptop", asked)
    answered = alice.run("-n", "demo", "-p", "say something from far away")
    shown(answered.out + answered.err)
    expect(answered.out == STORY + "\n", "the answer must arrive whole")


def approve(lab: Lab, alice: Client) -> None:
    """A permission, asked on a terminal and given there."""
    tell("Claude wants to run a command. It asks; somebody at the laptop's terminal says yes.")
    lab.api.on("a file", bash("echo made by Claude > proof.txt", "make a file"), text("The file is there."))
    typed("laptop", 'claude-remote -p "make me a file"')
    with alice.terminal("-p", "make me a file") as terminal:
        terminal.wait_for("proof.txt")
        expect(not (lab.work / "proof.txt").exists(), "nothing may run before the answer")
        terminal.type("y\r")
        ended = terminal.finish()
    shown(ended.out)
    expect(ended.code == 0 and "The file is there." in ended.out, "the turn must end well")
    expect((lab.work / "proof.txt").read_text() == "made by Claude\n", "the command must have run")
    typed("server", "cat proof.txt")
    shown((lab.work / "proof.txt").read_text())


def go_on(lab: Lab, alice: Client) -> None:
    """The same conversation, later."""
    tell("The first conversation goes on, by its name.")
    lab.api.on("remember", text("You asked me to say something from far away."))
    typed("laptop", 'claude-remote -r demo -p "do you remember?"')
    answered = alice.run("-r", "demo", "-p", "do you remember?")
    shown(answered.out + answered.err)
    said = lab.api.calls[-1].said
    expect("say something from far away" in said, "claude must still have the first prompt")


def tell(words: str) -> None:
    """What happens now."""
    print(f"\n── {words}", flush=True)


def typed(where: str, command: str) -> None:
    """A command as somebody would type it."""
    print(f"   {where}$ {command}", flush=True)


def shown(output: str) -> None:
    """What a command printed."""
    for line in output.strip().splitlines():
        print(f"   {line}", flush=True)


def expect(condition: bool, words: str) -> None:
    """Go on only if this is so."""
    if not condition:
        raise WentWrong(words)


if __name__ == "__main__":
    sys.exit(main())
