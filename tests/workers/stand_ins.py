"""Programs that stand in for claude where the real one cannot be made to misbehave.

Each is a small Python script. `ANSWERING` speaks just enough of the protocol to be given prompts: the first
word of a prompt says what it does.
"""

from __future__ import annotations

import sys
from pathlib import Path

ANSWERING = r"""
import json, os, signal, subprocess, sys, time

def say(**line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()

def end(text):
    say(type="result", subtype="success", is_error=False, result=text, total_cost_usd=0.0)
    say(type="system", subtype="session_state_changed", state="idle")

def delta(text):
    event = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
    return json.dumps({"type": "stream_event", "event": event}, separators=(",", ":")) + "\n"

signal.signal(signal.SIGINT, signal.SIG_IGN)
for raw in iter(sys.stdin.readline, ""):
    line = json.loads(raw)
    if line["type"] == "control_request":
        say(type="control_response", response={
            "subtype": "success", "request_id": line["request_id"], "response": {},
        })
        continue
    if line["type"] != "user":
        continue
    word, *rest = line["message"]["content"].split()
    say(type="system", subtype="session_state_changed", state="running")
    if word == "line":  # one line of so many bytes
        sys.stdout.write('{"type":"long","text":"' + "x" * int(rest[0]) + '"}\n')
    elif word == "stream":  # so many deltas
        for number in range(int(rest[0])):
            sys.stdout.write(delta(f"{number} " + rest[1] if rest[1:] else str(number)))
    elif word == "spawn":  # what a tool leaves behind: in a session of its own, and without a parent
        subprocess.Popen(["sleep", "300"], start_new_session=True)
        subprocess.run(["sh", "-c", "sleep 300 & sleep 300 &"], start_new_session=True)
    elif word == "rubbish":
        sys.stdout.write("a warning of some library\n")
    elif word == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif word == "hang":
        time.sleep(300)
    end(word)
"""
HANGING = "import time; time.sleep(300)"
RUBBISH = "print('Usage: something [else]'); raise SystemExit(2)"
FAILING = "import sys; sys.exit('error: unknown option')"


def make(folder: Path, script: str) -> Path:
    """Write a stand-in and return the program to run."""
    program = folder / "claude-stand-in"
    program.write_text(f"#!{sys.executable}\n{script}")
    program.chmod(0o755)
    return program
