"""Sessions that somebody else began: what a client may do there, and what it does not get from it."""

from __future__ import annotations

import pytest

from claude_remote import bus, facts
from claude_remote import messages as m
from claude_remote.rights import Right
from tests.broker.playbook import LAPTOP, PHONE, Hand, Playbook, uuid

MAY_PROMPT = frozenset({Right.VIEW, Right.PROMPT})
MAY_WORK = MAY_PROMPT | {Right.APPROVE}


def begun(book: Playbook, *options: str) -> str:
    """A session of the laptop, in which prompt 1 is done; its name."""
    book.connect(1)
    book.prompts(1, 1, name="shared", options=options)
    hand = Hand(book).launched()
    hand.ready()
    hand.starts(1)
    hand.finishes(1)
    book.hears(1)
    return "shared"


def says(book: Playbook, conn: int) -> str:
    """How a request was answered: the code of an error, or the first message."""
    first = book.hears(conn)[0]
    return first.code if isinstance(first, m.Error) else type(first).__name__


@pytest.mark.parametrize(
    ("options", "rights", "answer"),
    [
        ((), MAY_PROMPT, "Accepted"),
        (("--model=opus",), MAY_PROMPT, "Accepted"),
        (("--allowedTools=Bash",), MAY_PROMPT, "right-missing"),
        (("--allowedTools=Bash",), MAY_WORK, "Accepted"),
        (("--permission-mode=acceptEdits",), MAY_PROMPT, "right-missing"),
        (("--permission-mode=acceptEdits",), MAY_WORK, "Accepted"),
        (("--dangerously-skip-permissions",), MAY_WORK, "right-missing"),
        (("--allow-dangerously-skip-permissions",), MAY_WORK, "right-missing"),
        (("--some-new-option", "x"), MAY_WORK, "right-missing"),
        (("--some-new-option", "x"), MAY_WORK | {Right.EXEC}, "Accepted"),
    ],
)
@pytest.mark.parametrize("fork", [False, True])
def test_what_one_may_not_ask_for_one_does_not_get_from_another(
    options: tuple[str, ...], rights: frozenset[Right], answer: str, *, fork: bool
) -> None:
    book = Playbook()
    name = begun(book, *options)
    book.table.given[PHONE.fingerprint] = rights
    book.connect(2, PHONE)
    book.prompts(2, 2, session=name, fork=fork)
    assert says(book, 2) == answer
    book.connect(3, PHONE)
    book.says(3, m.Open(target=m.Target(session=name, fork=fork)))
    assert says(book, 3) == {"Accepted": "Opened"}.get(answer, answer)


def test_it_may_be_asked_for_less() -> None:
    book = Playbook()
    name = begun(book, "--permission-mode=acceptEdits")
    book.table.given[PHONE.fingerprint] = MAY_PROMPT
    book.connect(2, PHONE)
    book.prompts(2, 2, session=name, options=("--permission-mode=default",))
    assert says(book, 2) == "Accepted"


def test_paths_of_a_session_lie_in_the_roots_of_who_prompts_it() -> None:
    book = Playbook()
    name = begun(book, "--add-dir=/elsewhere")
    book.table.given[PHONE.fingerprint] = MAY_WORK
    book.table.rooted[PHONE.fingerprint] = ("/home/me",)
    book.connect(2, PHONE)
    book.prompts(2, 2, session=name)
    assert book.folder_checks[-1].also == ("/elsewhere",)


def test_who_cannot_approve_stays_apart_from_our_own_files() -> None:
    book = Playbook()
    name = begun(book)
    assert not book.folder_checks[-1].apart
    book.table.given[PHONE.fingerprint] = MAY_PROMPT
    book.connect(2, PHONE)
    book.prompts(2, 2, session=name)
    assert book.folder_checks[-1].apart


def test_a_mode_that_widens_while_a_prompt_waits() -> None:
    book = Playbook()
    book.connect(1)
    book.prompts(1, 1, name="shared")
    hand = Hand(book).launched()
    hand.ready()
    hand.starts(1)
    book.table.given[PHONE.fingerprint] = MAY_PROMPT
    book.connect(2, PHONE)
    book.prompts(2, 2, session="shared")
    assert says(book, 2) == "Accepted"
    hand.states(facts.SessionChanged(mode="bypassPermissions"))
    hand.finishes(1)
    (finished,) = [message for message in book.hears(2) if isinstance(message, m.Finished)]
    assert (finished.prompt, finished.state) == (uuid(2), m.PromptState.VOID)
    assert "bypassPermissions" in finished.reason
    # Who may do it goes on.
    book.prompts(1, 3, session="shared")
    assert uuid(3) in [verb.prompt for verb in hand.hear() if hasattr(verb, "prompt")]


def test_commands_that_act_by_themselves() -> None:
    book = Playbook()
    book.table.given[PHONE.fingerprint] = MAY_PROMPT
    book.connect(1, PHONE)
    book.prompts(1, 1, "/config permissionMode=auto")
    assert says(book, 1) == "right-missing"
    assert not book.launches
    book.table.given[PHONE.fingerprint] = MAY_WORK
    book.prompts(1, 1, "/config permissionMode=auto")
    assert says(book, 1) == "Accepted"


@pytest.mark.parametrize(("rights", "mode"), [(MAY_PROMPT, "default"), (MAY_WORK, None)])
def test_who_cannot_approve_does_not_get_the_mode_of_the_owners_settings(
    rights: frozenset[Right], mode: str | None
) -> None:
    book = Playbook()
    book.table.given[PHONE.fingerprint] = rights
    book.connect(1, PHONE)
    book.prompts(1, 1)
    hand = Hand(book).launched()
    (lease,) = [verb for verb in hand.ready() if isinstance(verb, bus.Lease)]
    assert lease.mode == mode


def test_who_had_more_rights_once_has_no_more_than_now() -> None:
    book = Playbook()
    name = begun(book, "--allowedTools=Bash")
    book.table.given[LAPTOP.fingerprint] = MAY_PROMPT
    book.connect(2)
    book.prompts(2, 2, session=name)
    assert says(book, 2) == "right-missing"
    book.connect(3)
    book.prompts(3, 3, latest=True)
    assert says(book, 3) == "right-missing"
