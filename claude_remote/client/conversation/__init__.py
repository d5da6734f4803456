"""A conversation for a reader: a session's events go in, what is to be seen comes out. Sans-IO.

Whoever shows a session (the command line, a window) feeds a Conversation every event, and shows the items
that it gives, as they change.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from claude_remote.client.conversation.reducer import Conversation

__all__ = ["Conversation"]


def __getattr__(name: str) -> Any:
    # Who only needs its neighbours, such as the words of a question, does not wait for all that it can read.
    if name == "Conversation":
        from claude_remote.client.conversation.reducer import Conversation

        return Conversation
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
