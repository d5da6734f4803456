"""Which client is meant, and what it gets."""

import pytest

from claude_remote.errors import Ambiguous, NameTaken, NoSuchClient, OutOfTurn
from claude_remote.messages import ClientState
from claude_remote.rights import FULL, WATCH, WORK, Right
from claude_remote.trust import TrustedClient
from claude_remote_broker import decisions


def client(letter: str, name: str = "me@laptop", state: ClientState = ClientState.PENDING) -> TrustedClient:
    return TrustedClient(
        fingerprint="SHA256:" + letter * 43,
        certificate=letter.encode(),
        name=name,
        state=state,
        words=f"word {letter}",
        first_seen=1.0,
    )


def table(*clients: TrustedClient) -> dict[str, TrustedClient]:
    return {each.fingerprint: each for each in clients}


A, B = client("a"), client("b")
KNOWN = client("k", "office", ClientState.APPROVED)


def approve(
    one: TrustedClient,
    *known: TrustedClient,
    name: str | None = None,
    given: frozenset[Right] | None = None,
) -> TrustedClient:
    return decisions.approved(one, table(*known), name=name, given=given, home="/home/me")


def test_the_only_one_that_waits_needs_no_name() -> None:
    assert decisions.choose(table(A), table(KNOWN), None) is A
    assert decisions.choose(table(A), table(KNOWN), "") is A
    with pytest.raises(NoSuchClient, match="No client waits"):
        decisions.choose({}, table(KNOWN), None)
    with pytest.raises(Ambiguous, match=r"2 clients wait: .*Say which"):
        decisions.choose(table(A, B), {}, None)


@pytest.mark.parametrize("which", ["SHA256:aaaaaa", "aaaaaaa", "word a", "WORD-a"])
def test_one_of_several_is_named(which: str) -> None:
    assert decisions.choose(table(A, B), table(KNOWN), which) is A


def test_a_name_that_a_stranger_chose_names_nobody() -> None:
    assert decisions.choose(table(client("x", "office")), table(KNOWN), "office") is KNOWN


def test_a_new_client_may_work_in_the_home_folder() -> None:
    approved = approve(A)
    assert (approved.state, approved.name) == (ClientState.APPROVED, "me@laptop")
    assert frozenset(approved.rights) == WORK
    assert approved.roots == ("/home/me",)


def test_who_may_execute_is_held_by_no_folder() -> None:
    assert approve(A, given=FULL).roots == ()
    assert approve(A, given=frozenset({Right.ADMIN})).rights == (Right.EXEC, Right.ADMIN)
    watching = approve(approve(A, given=FULL), given=WATCH)
    assert (watching.rights, watching.roots) == ((Right.VIEW,), ("/home/me",))


def test_who_comes_back_has_what_it_had() -> None:
    back = approve(decisions.revoked(approve(A, given=WATCH)))
    assert (back.state, back.rights) == (ClientState.APPROVED, (Right.VIEW,))
    assert approve(back) == back


def test_names_are_unique() -> None:
    first = approve(A)
    second = approve(B, first)
    third = approve(client("c"), first, second)
    assert [each.name for each in (first, second, third)] == ["me@laptop", "me@laptop-2", "me@laptop-3"]
    assert approve(A, first, name="desk").name == "desk"
    assert approve(client("l", "local")).name == "local-2"  # the owner's own
    with pytest.raises(NameTaken, match="'office'"):
        approve(A, KNOWN, name="office")


def test_an_approved_client_is_revoked_and_not_refused() -> None:
    with pytest.raises(OutOfTurn, match="revoke"):
        decisions.refused(KNOWN)
    assert decisions.refused(A).state is ClientState.REFUSED
    assert decisions.revoked(KNOWN).state is ClientState.REVOKED
