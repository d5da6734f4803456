"""Reading a question of Claude's whole, and the file that it is to change: the right to look is enough for
the question, the file needs the right to decide.
"""

from __future__ import annotations

from claude_remote.client.client import Client
from claude_remote.messages import ApprovalInfo, ApprovalState
from claude_remote_gui.text.questions import Shown, show


def read_question(client: Client, info: ApprovalInfo, *, open_: bool) -> Shown:
    """The whole question as it is shown; while it is `open_`, a change against the file as it is there.

    Takes as long as the comparison does: not for Qt's thread. Raises NoSuchApproval when it is not in the log
    any more.
    """
    asked = client.approval(info.id, file=open_)
    still = asked.info.state is ApprovalState.OPEN
    return show(asked.fact, asked.file if still else None)
