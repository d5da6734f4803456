"""Finding files in the session's folder, by asking its claude."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from claude_remote.cli.interactive.remote import Remote
from claude_remote.client.conversation.summaries import shorten


async def find_files(remote: Remote, query: str, cwd: Callable[[], str]) -> list[str]:
    """Paths that fit, as seen from `cwd`; none when claude cannot be asked now."""
    answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def resolve(found: object) -> None:
        if not answer.done():  # nobody waits any more for what comes late
            answer.set_result(found)

    remote.control("file_suggestions", resolve, lambda _: resolve(None), query=query)
    match await answer:
        case {"suggestions": list(found)}:
            paths = [each["path"] for each in found if isinstance(each, dict) and "path" in each]
            return list(dict.fromkeys(shorten(path, cwd()) for path in paths if isinstance(path, str)))
    return []
