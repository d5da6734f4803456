"""What claude itself has on disk of a conversation; see claude_remote.conversations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from claude_remote import conversations
from claude_remote.surrogates import replace_halves


class Attachment(Struct):
    """What claude adds to a prompt, or reads in the midst of a turn."""

    source: str | None = msgspec.field(default=None, name="source_uuid")


class Record(Struct):
    """A line of a transcript."""

    type: str = ""
    uuid: str | None = None
    merged: tuple[str, ...] = msgspec.field(default=(), name="mergedSendUuids")
    attachment: Attachment | None = None
    total_cost: float | None = msgspec.field(default=None, name="totalCostUSD")


_decoder = msgspec.json.Decoder(Record)


class Transcript:
    """One conversation's file, if there is one."""

    def __init__(self, path: Path | None) -> None:
        self.path = path

    @property
    def exists(self) -> bool:
        """Whether the conversation can be resumed."""
        return self.path is not None

    def has_prompt(self, uuid: str) -> bool:
        """Whether this prompt has reached claude: it may have had effects then.

        One that steered a turn has no record of its own: an attachment names it as its source, or the record
        of the prompt that it was merged with does. (Seen in 2.1.330.)
        """
        return any(
            (record.type == "user" and (record.uuid == uuid or uuid in record.merged))
            or (record.attachment is not None and record.attachment.source == uuid)
            for record in self._records(uuid.encode())
        )

    def cost(self) -> float:
        """US dollars that claude counts for this conversation so far; it goes on from there on resume.

        (Seen in 2.1.330: records of type cost-state. Versions without them begin at 0 again.)
        """
        costs = (
            record.total_cost for record in self._records(b'"cost-state"') if record.type == "cost-state"
        )
        return max((cost for cost in costs if cost is not None), default=0.0)

    def _records(self, containing: bytes) -> list[Record]:
        if self.path is None:
            return []
        found = []
        try:
            with self.path.open("rb") as file:
                for line in file:
                    if containing in line:
                        try:
                            found.append(_decoder.decode(replace_halves(line)))
                        except (msgspec.DecodeError, RecursionError):
                            continue  # claude was killed while it wrote this line
        except FileNotFoundError:
            return []
        return found


def find_transcript(environment: Mapping[str, str], claude_session: str) -> Transcript:
    """Look for a conversation with claude's own environment."""
    found = conversations.find_transcripts(conversations.find_home(environment), claude_session, at_most=1)
    return Transcript(found[0] if found else None)
