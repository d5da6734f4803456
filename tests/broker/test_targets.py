"""Which session a client means, and how new ones begin."""

from __future__ import annotations

from typing import Any

import pytest

from claude_remote import bus, errors
from claude_remote import messages as m
from claude_remote.rights import WATCH, WORK, Right
from claude_remote_broker import ports
from claude_remote_broker.core import Limits
from claude_remote_broker.core.words import slug, unique
from tests.broker.playbook import LAPTOP, OWNER, PHONE, Hand, Playbook, uuid


def prompted(book: Playbook, number: int, peer: ports.Peer = LAPTOP, **target: Any) -> m.SessionInfo | str:
    """Prompt on a connection of its own: the session, or the error's code."""
    book.connect(number, peer)
    book.prompts(number, number, **target)
    answer = book.hears(number)[0]
    if isinstance(answer, m.Error):
        return answer.code
    assert isinstance(answer, m.Accepted)
    return answer.session


def session(answer: m.SessionInfo | str) -> m.SessionInfo:
    assert isinstance(answer, m.SessionInfo), answer
    return answer


def ran(book: Playbook, number: int) -> Hand:
    """The worker of that number takes its prompt and finishes it."""
    hand = Hand(book, number).launched()
    hand.ready()
    hand.starts(number)
    hand.finishes(number)
    return hand


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("fix the failing test", "fix-failing-test"),
        ("Please, could you add a *README*?", "add-readme"),
        ("the", "the"),
        ("Übersetze das Handbuch ins Deutsche und prüfe es", "übersetze-das-handbuch-ins"),
        ("…!", ""),
        ("x" * 100, "x" * 20),
    ],
)
def test_names_from_words(text: str, name: str) -> None:
    assert slug(text) == name


def test_names_are_made_unique() -> None:
    assert unique("a", {"b"}) == "a"
    assert unique("a", {"a", "a-2"}) == "a-3"
    book = Playbook()
    assert session(prompted(book, 1)).name == "fix-failing-test"
    assert session(prompted(book, 2)).name == "fix-failing-test-2"


def test_a_session_without_words_is_named_by_its_folder() -> None:
    book = Playbook()
    book.connect(1)
    book.says(1, m.Open(target=m.Target(cwd="src/My Api")))
    opened, _ = book.hears(1)
    assert isinstance(opened, m.Opened)
    assert opened.session.name == "my-api"
    assert opened.session.cwd == "/home/me/src/My Api"


def test_a_name_may_be_given_but_not_twice() -> None:
    book = Playbook()
    assert session(prompted(book, 1, name="Büro")).name == "Büro"
    assert prompted(book, 2, name="büro") == "name-taken"
    assert prompted(book, 3, name="a/b") == "bad-message"
    assert prompted(book, 4, name="-x") == "bad-message"
    assert prompted(book, 5, name="a\nb") == "bad-message"


def test_a_session_by_id_beginning_and_name() -> None:
    book = Playbook()
    first = session(prompted(book, 1, name="one"))
    assert session(prompted(book, 2, session=first.id)).id == first.id
    assert session(prompted(book, 3, session="ONE")).id == first.id
    assert session(prompted(book, 4, session=first.id[:8])).id == first.id
    assert prompted(book, 5, session=first.id[:3]) == "no-such-session"
    session(prompted(book, 6, name="two"))
    assert prompted(book, 7, session="0000") == "ambiguous"


def test_the_latest_session_of_a_folder() -> None:
    book = Playbook()
    old = session(prompted(book, 1, cwd="src"))
    book.tick(1)
    new = session(prompted(book, 2, cwd="src"))
    book.tick(1)
    session(prompted(book, 3, PHONE, cwd="src"))
    session(prompted(book, 4, cwd="other"))
    assert session(prompted(book, 5, latest=True, cwd="src")).id == new.id
    assert prompted(book, 6, latest=True, cwd="nowhere") == "no-such-session"
    assert old.id != new.id


def test_a_fork_begins_as_a_copy() -> None:
    book = Playbook()
    source = session(prompted(book, 1, name="one", options=("--max-turns", "3")))
    assert prompted(book, 2, session="one", fork=True) == "not-idle"
    ran(book, 1)
    fork = session(prompted(book, 3, PHONE, session="one", fork=True))
    assert (fork.name, fork.cwd, fork.client) == ("one-2", source.cwd, "phone")
    _, lease, _ = Hand(book, 2).launched().ready()
    assert isinstance(lease, bus.Lease)
    assert lease.fork_of == source.claude_session
    assert lease.claude_session != source.claude_session
    assert lease.options == ("--max-turns=3",)


def test_a_folder_that_cannot_be_used() -> None:
    book = Playbook()
    book.folders["gone"] = ports.FolderChecked(0, error=errors.NoSuchFolder("gone does not exist"))
    assert prompted(book, 1, cwd="gone") == "no-such-folder"
    assert book.disk.sessions == {}


def test_roots_are_asked_for_every_folder_of_a_prompt() -> None:
    book = Playbook()
    book.table.rooted[LAPTOP.fingerprint] = ("/home/me/src",)
    session(prompted(book, 1, name="one", cwd="src", options=("--add-dir", "../lib")))
    (check,) = book.folder_checks
    assert (check.path, check.roots, check.also) == ("src", ("/home/me/src",), ("../lib",))
    session(prompted(book, 2, session="one"))
    assert book.folder_checks[-1].path == "/home/me/src"
    book.folders["/home/me/src"] = ports.FolderChecked(0, error=errors.OutsideRoots())
    assert prompted(book, 3, session="one") == "outside-roots"


def test_options_need_their_rights() -> None:
    book = Playbook()
    book.table.given[LAPTOP.fingerprint] = WORK
    assert prompted(book, 1, options=("--dangerously-skip-permissions",)) == "right-missing"
    assert prompted(book, 2, options=("not-an-option",)) == "bad-option"


def test_the_mode_and_model_of_a_session_hold() -> None:
    book = Playbook()
    session(prompted(book, 1, name="one", options=("--permission-mode", "plan", "--model", "opus")))
    _, lease, _ = Hand(book, 1).launched().ready()
    assert isinstance(lease, bus.Lease)
    assert (lease.mode, lease.model) == ("plan", "opus")


def test_without_view_a_client_sees_its_own_sessions_alone() -> None:
    book = Playbook()
    other = session(prompted(book, 1, PHONE, name="theirs"))
    book.table.given[LAPTOP.fingerprint] = frozenset({Right.PROMPT})
    mine = session(prompted(book, 2, name="mine"))
    assert prompted(book, 3, session="theirs") == "no-such-session"
    assert prompted(book, 4, session=other.id[:8]) == "no-such-session"
    book.says(4, m.ListSessions())
    sessions, _ = book.hears(4)
    assert isinstance(sessions, m.Sessions)
    assert [info.id for info in sessions.sessions] == [mine.id]
    book.says(4, m.Interrupt(session="theirs"))
    (error,) = book.hears(4)
    assert isinstance(error, m.Error)
    assert error.code == "no-such-session"


def test_the_owner_on_the_control_socket_may_everything() -> None:
    book = Playbook()
    assert session(prompted(book, 1, OWNER)).client == "owner"
    book.says(1, m.Cancel())
    book.hears(1)
    book.says(1, m.ListClients())
    assert [type(command.request) for command in book.administered] == [m.ListClients]


@pytest.mark.parametrize(
    ("request_", "right"),
    [
        (m.Open(target=m.Target()), "prompt"),
        (m.Prompt(id=uuid(1), target=m.Target(), size=1), "prompt"),
        (m.Control(session="x", subtype="set_model"), "prompt"),
        (m.Interrupt(session="x"), "prompt"),
        (m.Decide(approval=uuid(1), behavior=m.Behavior.ALLOW), "approve"),
        (m.ListClients(), "admin"),
        (m.Approve(which="x"), "admin"),
        (m.Refuse(which="x"), "admin"),
        (m.Revoke(which="x"), "admin"),
    ],
)
def test_each_request_needs_its_right(request_: m.Message, right: str) -> None:
    book = Playbook()
    book.connect(1)
    book.table.given[LAPTOP.fingerprint] = WATCH
    book.says(1, request_)
    (error,) = book.hears(1)
    assert isinstance(error, m.Error)
    assert (error.code, error.detail) == ("right-missing", {"right": right})
    assert book.administered == []


def test_a_client_that_is_not_approved_may_nothing() -> None:
    book = Playbook()
    book.table.given[LAPTOP.fingerprint] = frozenset()
    book.connect(1)
    for request in (m.Watch(), m.Interrupt(session="x"), m.Open(target=m.Target())):
        book.says(1, request)
        (error,) = book.hears(1)
        assert isinstance(error, m.Error)
        assert error.code == "right-missing"


def test_there_is_a_bound_of_sessions() -> None:
    book = Playbook(limits=Limits(sessions=1))
    session(prompted(book, 1))
    assert prompted(book, 2) == "queue-full"


def test_lists_of_many_sessions_fit_their_frames() -> None:
    from claude_remote import codec, framing

    book = Playbook(limits=Limits(prompts_of_client=1000))
    for number in range(1, 200):
        prompted(book, number, name=f"{number}-" + "ü" * 50, cwd="x" * 1000)
    book.says(1, m.Cancel())
    book.hears(1)
    book.says(1, m.ListSessions())
    *pages, _ = book.hears(1)
    assert all(len(codec.pack(page)) <= framing.MAX_HEADER for page in pages)
    assert sum(len(page.sessions) for page in pages if isinstance(page, m.Sessions)) == 199
    assert len(pages) > 2


# --- conversations that were begun without us ----------------------------------------------------------

THEIRS = "c0ffee00-0000-4000-8000-000000000000"


def with_theirs(owner: str = "") -> Playbook:
    book = Playbook()
    book.conversations[THEIRS] = ports.ConversationFound(0, THEIRS, "/home/me/src", owner)
    return book


def test_a_conversation_of_a_terminal_is_taken_over() -> None:
    book = with_theirs()
    taken = session(prompted(book, 1, session=THEIRS))
    assert (taken.cwd, taken.claude_session, taken.mode) == ("/home/me/src", THEIRS, "default")
    assert lease_of(book, 1).claude_session == THEIRS
    assert lease_of(book, 1).fork_of is None
    # It is one of ours now.
    assert session(prompted(book, 2, PHONE, session=THEIRS)).id == taken.id


def test_not_while_somebody_has_it_open() -> None:
    book = with_theirs(owner="claude with pid 7")
    assert prompted(book, 1, session=THEIRS) == "in-use"
    fork = session(prompted(book, 2, session=THEIRS, fork=True))
    assert fork.claude_session != THEIRS
    assert lease_of(book, 1).fork_of == THEIRS


def test_two_at_once_take_over_one_conversation_once() -> None:
    book = with_theirs()
    book.hold = True
    for number in (1, 2):
        book.connect(number)
        book.prompts(number, number, session=THEIRS)
    book.release()
    first, second = book.hears(1)[0], book.hears(2)[0]
    assert isinstance(first, m.Accepted)
    assert isinstance(second, m.Error)
    assert second.code == "not-idle"


def test_conversations_are_only_for_those_who_see_everything() -> None:
    book = with_theirs()
    book.table.given[PHONE.fingerprint] = frozenset({Right.PROMPT, Right.APPROVE})
    assert prompted(book, 1, PHONE, session=THEIRS) == "no-such-session"
    assert prompted(book, 2, session="not-an-id") == "no-such-session"


# --- worktrees -----------------------------------------------------------------------------------------


def test_a_worktree_is_named_and_made_by_claude() -> None:
    book = Playbook()
    book.worktrees = frozenset({"there"})
    first = session(prompted(book, 1, cwd="src", worktree="feat"))
    assert first.cwd == "/home/me/src/.claude/worktrees/feat"
    lease = lease_of(book, 1)
    assert (lease.worktree, lease.base, lease.cwd) == ("feat", "/home/me/src", first.cwd)
    assert prompted(book, 2, cwd="src", worktree="feat") == "name-taken"
    assert prompted(book, 3, cwd="src", worktree="there") == "name-taken"
    assert prompted(book, 4, cwd="src", worktree="a/b") == "bad-option"
    assert prompted(book, 5, session=first.id, worktree="x") == "bad-option"


def test_a_worktree_without_a_name_is_called_like_its_session() -> None:
    book = Playbook()
    book.worktrees = frozenset({"pr-fung"})
    named = session(prompted(book, 1, cwd="src", name="pr\u00fc fung", worktree=""))
    assert named.cwd == "/home/me/src/.claude/worktrees/pr-fung-2"


def test_a_worktree_needs_approve() -> None:
    book = Playbook()
    book.table.given[PHONE.fingerprint] = frozenset({Right.VIEW, Right.PROMPT})
    assert prompted(book, 1, PHONE, worktree="") == "right-missing"


def lease_of(book: Playbook, number: int) -> bus.Lease:
    """What the worker of that number is told to own."""
    hand = Hand(book, number).launched()
    (lease,) = [verb for verb in hand.ready() if isinstance(verb, bus.Lease)]
    return lease
