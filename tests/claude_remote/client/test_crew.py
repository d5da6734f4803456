"""What the owner is told of the workers."""

from __future__ import annotations

import json

import msgspec
import pytest

from claude_remote.client.crew import Crew, as_json, gather, in_words, rows
from claude_remote.errors import BadMessage
from claude_remote.messages import InLine, WorkerInfo, Workers
from tests.claude_remote.client.scripted import SESSION

NOW = 1_000_000.0
MIB = 1024 * 1024
WORKER = WorkerInfo(
    worker="w-1",
    state="working",
    since=NOW - 125,
    pid=10,
    memory=4 * MIB,
    claude=11,
    claude_memory=150 * MIB,
    session=SESSION,
    name="fix",
    client="laptop",
    background=2,
)
WARM = WorkerInfo(worker="w-2", state="warm", since=NOW, pid=12)
CREW = Crew(
    Workers(least=1, most=4, counted=2, idle=600, warm=1),
    [WORKER, WARM],
    [InLine(session=SESSION, name="later", client="phone", since=NOW - 5)],
)


def test_in_words() -> None:
    assert in_words(CREW) == (
        "2 of 4, parked after 10 min without work, but for 1; 1 kept warm; 154 MiB; 1 in line"
    )
    never = Crew(Workers(least=0, most=1, counted=0), [], [])
    assert in_words(never) == "0 of 1, parked only for room; 0 kept warm; 0 MiB; 0 in line"


def test_as_a_table() -> None:
    _, warm, working, line = rows(CREW, NOW)
    assert warm == ("warm", "0 s", "-", "-", "12", "-", "-", "-", "")
    assert working == ("working", "2 min", "fix", "laptop", "10", "4 MiB", "11", "150 MiB", "2 tasks")
    assert line[:4] == ("in line, 1.", "5 s", "later", "phone")


def test_for_programs() -> None:
    told = json.loads(as_json(CREW))
    assert (told["least"], told["most"], told["counted"], told["idle"], told["warm"]) == (1, 4, 2, 600.0, 1)
    assert told["workers"][0]["claude_memory"] == 150 * MIB
    assert told["workers"][1]["session"] is None
    assert told["line"][0]["name"] == "later"


def test_many_are_told_in_pieces() -> None:
    numbers, workers, line = CREW
    first = msgspec.structs.replace(numbers, workers=(WORKER,))
    second = msgspec.structs.replace(numbers, workers=(WARM,), line=tuple(line))
    assert gather([first, second]) == Crew(numbers, workers, line)
    with pytest.raises(BadMessage):
        gather([])
