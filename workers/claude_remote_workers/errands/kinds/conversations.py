"""Conversations: what claude has on disk, read by claude_agent_sdk, and who has it open."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from claude_remote import conversations
from claude_remote.conversations import Owner
from claude_remote.errors import ErrandFailed
from claude_remote.messages import Conversation, ListConversations
from claude_remote.surrogates import replace_halves
from claude_remote_workers.errands.base import Task, carries_out
from claude_remote_workers.words import one_line

if TYPE_CHECKING:
    from claude_agent_sdk import SDKSessionInfo

_LOOKED_AT = 20_000  # transcripts, of which the newest are read
_WORDS = 200
_TAIL = 256 * 1024  # of a transcript, in which its last words are looked for


@carries_out(ListConversations)
def list_conversations(task: Task, request: ListConversations) -> None:
    """Tell of the newest ones that lie in the client's roots."""
    home = conversations.find_home(task.environment)
    owners = {owner.conversation: owner for owner in conversations.find_owners(home)}
    reader = Reader(task.environment)
    told = 0
    for path in _newest(home):
        task.channel.breathe()
        found = reader.read(path, owners.get(path.stem))
        if found is not None and _is_allowed(found.cwd, task.roots):
            task.channel.send(found)
            told += 1
            if told == request.limit:
                return


class Reader:
    """Reads transcripts as claude_agent_sdk does: their beginnings and their ends."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Raises ErrandFailed when claude-agent-sdk is not there."""
        # It looks for claude's files in the environment of its own process, which this errand's is.
        os.environ.update(environment)
        try:
            from claude_agent_sdk import get_session_info
        except ImportError:
            raise ErrandFailed(
                "Conversations are read with claude-agent-sdk, which is not installed on the server: "
                "pip install 'claude-remote-bus[claude]'"
            ) from None
        self._get_info = get_session_info

    def read(self, path: Path, owner: Owner | None) -> Conversation | None:
        """One conversation; None for what is none: nothing was said in it, or it is of a subagent."""
        try:
            cwd = conversations.find_folder(path)
            info = None if cwd is None else self._find(path, cwd)
            if info is None or cwd is None:
                return None
            return Conversation(
                id=path.stem,
                cwd=cwd[:4096],
                changed=max(info.last_modified / 1000, 0.0),
                size=path.stat().st_size,
                title=one_line(info.custom_title or "", _WORDS),
                first_words=one_line(info.first_prompt or info.summary, _WORDS),
                last_words=one_line(find_last_words(path), _WORDS),
                pid=0 if owner is None else owner.process.pid,
                terminal="" if owner is None else owner.terminal,
                since=0.0 if owner is None else owner.since,
            )
        except OSError:  # it was removed just now, or is not ours to read
            return None

    def _find(self, path: Path, cwd: str) -> SDKSessionInfo | None:
        # With the folder it need not look through all of them; a folder that is gone is no help.
        known = self._get_info(path.stem, cwd) if Path(cwd).is_dir() else None
        return known or self._get_info(path.stem)


class _Record(msgspec.Struct):
    type: str = ""
    message: msgspec.Raw = msgspec.Raw(b"null")


class _Message(msgspec.Struct):
    content: str | list[dict[str, Any]] = ""


def find_last_words(path: Path) -> str:
    """What claude said last, if that is near the end of its transcript. Raises OSError."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL))
        tail = file.read()
    for line in reversed(tail.split(b"\n")):
        if b'"assistant"' in line:
            for words in _said(line):
                return words
    return ""


def _said(line: bytes) -> Iterator[str]:
    try:
        record = msgspec.json.decode(replace_halves(line), type=_Record)
        if record.type != "assistant":
            return
        content = msgspec.json.decode(record.message, type=_Message).content
    except (msgspec.DecodeError, RecursionError):
        return  # cut, by where we began to read or by the death of its claude
    blocks = [{"text": content}] if isinstance(content, str) else content
    for block in reversed(blocks):
        words = block.get("text")
        if isinstance(words, str) and words.strip():
            yield words


def _newest(home: Path) -> list[Path]:
    """Transcripts, the one that was written last first."""
    found: list[tuple[float, Path]] = []
    for path in (home / "projects").glob("*/*.jsonl"):
        try:
            found.append((path.stat().st_mtime, path))
        except OSError:
            continue
        if len(found) == _LOOKED_AT:
            break
    return [path for _, path in sorted(found, reverse=True)]


def _is_allowed(folder: str, roots: tuple[str, ...]) -> bool:
    real = Path(os.path.realpath(folder))
    return not roots or any(real == Path(root) or Path(root) in real.parents for root in roots)
