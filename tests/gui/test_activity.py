"""What an item of the feed says to people."""

from __future__ import annotations

import pytest

from claude_remote import feed
from claude_remote.messages import ClientState, PromptState
from claude_remote_gui.activity import describe
from claude_remote_gui.feed.picture import Picture
from claude_remote_gui.feed.reducer import News
from tests.gui import values

PICTURE = Picture(sessions={values.ident(1): values.session(1, name="fix", client="mia")})
PROMPT = feed.PromptUpdated(
    prompt="p",
    session=values.ident(1),
    client="sam",
    state=PromptState.DONE,
    text="Go",
    cost=0.5,
    duration=3.0,
)
ASKED = values.approval(1)


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (PROMPT, ("prompt", "sam", "fix", "'Go' is done (3.0 s, $0.50)")),
        (feed.Said(session=values.ident(1), text="Done."), ("answer", "mia", "fix", "Done.")),
        (
            feed.ApprovalUpdated(approval=ASKED, state="decided", by="bob"),
            ("approval", "mia", "fix", "decided by bob — Bash: make test"),
        ),
        (
            feed.ApprovalUpdated(approval=ASKED, state="void", reason="the turn has ended"),
            ("approval", "mia", "fix", "void: the turn has ended — Bash: make test"),
        ),
        (
            feed.ClientChanged(client=values.client(1, state=ClientState.PENDING)),
            ("client", "client-1", "", "asks to be let in"),
        ),
        (
            feed.ClientChanged(client=values.client(1, connections=1)),
            ("client", "client-1", "", "has 1 connection"),
        ),
        (feed.WorkerUpdated(worker="w", pid=7, state="gone"), ("worker", "", "", "worker 7 gone")),
    ],
)
def test_one_line_each(item: feed.AnyItem, said: tuple[str, ...]) -> None:
    entry = describe("home", News(item, 5.0), PICTURE)
    assert entry is not None
    assert (entry.kind, entry.client, entry.session, entry.text) == said


def test_what_only_tables_show() -> None:
    assert describe("home", News(feed.SessionUpdated(session=values.session(1)), 5.0), PICTURE) is None
