"""The router core: events in, commands out. See claude_remote_broker.ports for both.

The flow of everything: what happens becomes a *change* of one session (a prompt, a batch of its log, a
decision, the end of a lease). Changes wait in the session's ledger; one transaction at a time is made of all
that waits, and stored. When it is stored, and not before, it becomes the session's state, and what is outside
is brought into line with that state: acknowledgements and commands to the worker, events and answers to
clients, items of the feed. So everything that anybody sees is on disk, and a verb that is lost or comes twice
does no harm: the next comparison of what is with what was said puts it right.
"""

from claude_remote_broker.core.core import Core
from claude_remote_broker.core.ids import Ids
from claude_remote_broker.core.keep import Keep
from claude_remote_broker.core.limits import Limits

__all__ = ["Core", "Ids", "Keep", "Limits"]
