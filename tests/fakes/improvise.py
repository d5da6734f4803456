"""A model without a script: it does what the prompt says in a few words, for demos and benchmarks.

run COMMAND           uses Bash, then tells what came of it
write PATH: WORDS     uses Write
say N words           N words, one token each; `say N words every M ms` paces them
say N bytes           N bytes of text in pieces of 16 KiB
anything else         is repeated
"""

from __future__ import annotations

import re

from tests.fakes.call import Call
from tests.fakes.script import Answer, Reply, Say, bash, reply, text, tool


def improvise(call: Call) -> Answer:
    """Answer a request out of its own words."""
    if call.results:
        return text(f"That gave: {call.words}")
    words = call.prompt.strip()
    if found := re.match(r"run (.+)", words, re.DOTALL):
        return bash(found[1])
    if found := re.match(r"write (\S+): (.*)", words, re.DOTALL):
        return reply(tool("Write", file_path=found[1], content=found[2]))
    if found := re.match(r"say (\d+) words(?: every ([\d.]+) ms)?", words):
        return Reply(
            (Say(tuple(f"w{number} " for number in range(int(found[1]))), float(found[2] or 0) / 1000),)
        )
    if found := re.match(r"say (\d+) bytes", words):
        return text("0123456789abcdef" * (int(found[1]) // 16), chunks=max(1, int(found[1]) // 16384))
    return text(f"You said: {words}")
