"""A conversation for a reader: a session's events go in, what is to be seen comes out. Sans-IO.

Whoever shows a session (the command line, a window) feeds a Conversation every event, and shows the items
that it gives, as they change.
"""

from claude_remote.client.conversation.reducer import Conversation

__all__ = ["Conversation"]
