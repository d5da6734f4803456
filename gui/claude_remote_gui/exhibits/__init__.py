"""Made-up contents for pictures of the window."""

from claude_remote_gui.exhibits.conversations import conversation, release
from claude_remote_gui.exhibits.identities import uuid
from claude_remote_gui.exhibits.lists import activity, rules
from claude_remote_gui.exhibits.pictures import build, home
from claude_remote_gui.exhibits.questions import choice, file, question

__all__ = [
    "activity",
    "build",
    "choice",
    "conversation",
    "file",
    "home",
    "question",
    "release",
    "rules",
    "uuid",
]
