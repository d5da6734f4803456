"""Claude's own files: conversations that were begun without us."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from claude_remote import conversations
from claude_remote.errors import Ambiguous, NoSuchSession, RemoteError, TimedOut
from claude_remote_broker.ports import ConversationFound, FindConversation

# A disk that hangs never answers.
TIMEOUT = 10.0


class Transcripts:
    """Performs FindConversation off the loop. `environment` is claude's."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._home = conversations.find_home(environment)
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="transcripts")

    async def look(self, command: FindConversation) -> ConversationFound:
        """The answer to a command, within TIMEOUT seconds."""
        work = asyncio.get_running_loop().run_in_executor(self._pool, self.find, command)
        try:
            return await asyncio.wait_for(work, TIMEOUT)
        except TimeoutError:
            return ConversationFound(
                command.ticket, error=TimedOut("the disk with claude's files does not answer")
            )

    def find(self, command: FindConversation) -> ConversationFound:
        """The answer to a command; blocks as long as the disk does."""
        try:
            return self._find(command)
        except RemoteError as error:
            return ConversationFound(command.ticket, error=error)
        except OSError as error:
            words = f"cannot read claude's files: {error.strerror or error}"
            return ConversationFound(command.ticket, error=NoSuchSession(words))

    def _find(self, command: FindConversation) -> ConversationFound:
        wanted = command.beginning
        found = {path.stem: path for path in conversations.find_transcripts(self._home, wanted)}
        if not found:
            raise NoSuchSession(f"There is no session {wanted!r}.")
        if len(found) > 1:
            several = ", ".join(sorted(found)[:5])
            raise Ambiguous(f"{wanted!r} could be any of {len(found)} conversations: {several}")
        ((conversation, path),) = found.items()
        cwd = conversations.find_folder(path)
        if cwd is None:
            raise NoSuchSession(f"Nothing was said yet in the conversation {conversation}.")
        owners = conversations.find_owners(self._home)
        owner = next((owner for owner in owners if owner.conversation == conversation), None)
        return ConversationFound(command.ticket, conversation, cwd, "" if owner is None else owner.describe())

    def close(self) -> None:
        """Do not wait for a disk that hangs."""
        self._pool.shutdown(wait=False, cancel_futures=True)
