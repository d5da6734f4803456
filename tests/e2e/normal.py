"""Claude's lines without what differs from run to run, so that two runs can be compared."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

# Identities and times, besides all that ends with `_ms`.
_VOLATILE = frozenset(
    {
        "uuid",
        "run_id",
        "id",
        "session_id",
        "timestamp",
        "request_id",
        "tool_use_id",
        "task_id",
        "agent_id",
        "agentId",
        "parent_tool_use_id",
        "api_message_id",
        "messaging_socket_path",
        "output_file",
        "outputFile",
        "totalDurationMs",
        "end_time",
    }
)
# What claude adds when a prompt carries a uuid, as a worker's prompts do and those of `claude -p` do not.
_OF_PROMPTS_WITH_UUID = frozenset(
    {
        "user_message_uuid",
        "user_message_uuids",
        "begun_message_ids",
        "owed_rows",
        "first_request_cache_read_input_tokens",
        "first_request_input_tokens",
    }
)
# What claude offers only when somebody is there to be asked.
_OF_SOMEBODY_THERE = frozenset({"AskUserQuestion", "EnterPlanMode", "ExitPlanMode"})


def normal(lines: Iterable[bytes]) -> list[dict[str, Any]]:
    """Each line as an object, without identities and times; those that are there keep their place."""
    return [_without(json.loads(line)) for line in lines]


def _without(value: Any) -> Any:
    if isinstance(value, list):
        return [_without(item) for item in value]
    if not isinstance(value, dict):
        return value
    left = {
        key: _without(item)
        for key, item in value.items()
        if key not in _VOLATILE and key not in _OF_PROMPTS_WITH_UUID and not key.endswith("_ms")
    }
    if left.get("subtype") == "init":
        left["tools"] = [tool for tool in left["tools"] if tool not in _OF_SOMEBODY_THERE]
    return left


def differences(ours: list[Any], wanted: list[Any]) -> list[str]:
    """Where two runs differ, in words; [] when they do not."""
    found = [
        f"line {number}: {place}: {mine!r}, wanted {other!r}"
        for number, (one, two) in enumerate(zip(ours, wanted, strict=False), start=1)
        for place, mine, other in _compare(one, two, one.get("type", ""))
    ]
    if len(ours) != len(wanted):
        found.append(f"{len(ours)} lines, wanted {len(wanted)}")
    return found


def _compare(one: Any, two: Any, place: str) -> Iterable[tuple[str, Any, Any]]:
    if isinstance(one, dict) and isinstance(two, dict):
        for key in sorted(one.keys() | two.keys()):
            yield from _compare(one.get(key, "nothing"), two.get(key, "nothing"), f"{place}.{key}")
    elif isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        for number, (mine, other) in enumerate(zip(one, two, strict=True)):
            yield from _compare(mine, other, f"{place}[{number}]")
    elif one != two:
        yield place, one, two
