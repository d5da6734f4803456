"""What the core wants looked at on this machine: folders, conversations, memory. All of it off the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from claude_remote_broker import ports, tasks
from claude_remote_broker.folders import Folders
from claude_remote_broker.memory import private_memory
from claude_remote_broker.ports import Event
from claude_remote_broker.transcripts import Transcripts


class Looking:
    """Each method returns at once; `deliver` gets the answer."""

    def __init__(self, folders: Folders, transcripts: Transcripts, deliver: Callable[[Event], None]) -> None:
        self._folders = folders
        self._transcripts = transcripts
        self._deliver = deliver

    def check_folder(self, command: ports.CheckFolder) -> None:
        """FolderChecked."""
        tasks.spawn(self._check_folder(command), "check folder")

    def find_conversation(self, command: ports.FindConversation) -> None:
        """ConversationFound."""
        tasks.spawn(self._find_conversation(command), "find conversation")

    def weigh(self, command: ports.Weigh) -> None:
        """Weighed."""
        tasks.spawn(self._weigh(command), "weigh")

    async def _check_folder(self, command: ports.CheckFolder) -> None:
        self._deliver(await self._folders.check(command))

    async def _find_conversation(self, command: ports.FindConversation) -> None:
        self._deliver(await self._transcripts.look(command))

    async def _weigh(self, command: ports.Weigh) -> None:
        memory = await asyncio.to_thread(private_memory, command.pids)
        self._deliver(ports.Weighed(command.ticket, memory))
