"""Which client is meant, and what it gets."""

from pathlib import PurePath

import pytest
from hypothesis import given as each_of
from hypothesis import strategies as st
from msgspec.structs import replace

from claude_remote.errors import Ambiguous, BadMessage, NameTaken, NoSuchClient, OutOfTurn
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


def changed(
    one: TrustedClient,
    *,
    given: frozenset[Right] | None = None,
    add: frozenset[Right] = frozenset(),
    remove: frozenset[Right] = frozenset(),
    roots: tuple[str, ...] | None = None,
) -> TrustedClient:
    return decisions.changed(one, given=given, add=add, remove=remove, roots=roots, home="/home/me")


WORKER = replace(KNOWN, rights=tuple(WORK), roots=("/srv",))


def test_rights_are_given_and_taken() -> None:
    one = changed(WORKER, add=frozenset({Right.EXEC}), remove=frozenset({Right.FILES, Right.VIEW}))
    assert set(one.rights) == {Right.PROMPT, Right.APPROVE, Right.EXEC}
    assert one.roots == ()
    assert changed(one, remove=frozenset({Right.EXEC})).roots == ("/home/me",)
    assert changed(one, remove=frozenset({Right.EXEC}), roots=("/data",)).roots == ("/data",)
    assert changed(WORKER, roots=()).roots == ()
    assert set(changed(WORKER, given=WATCH).rights) == WATCH
    assert set(changed(WORKER, add=frozenset({Right.ADMIN})).rights) == FULL


@pytest.mark.parametrize(
    ("one", "change", "error"),
    [
        (A, {"add": WATCH}, OutOfTurn),
        (WORKER, {"add": WATCH, "remove": WATCH}, BadMessage),
        (replace(WORKER, rights=tuple(FULL)), {"remove": frozenset({Right.EXEC})}, BadMessage),
        (replace(WORKER, rights=tuple(FULL)), {"roots": ("/srv",)}, BadMessage),
        (WORKER, {"add": frozenset({Right.EXEC}), "roots": ("/srv",)}, BadMessage),
    ],
)
def test_a_change_that_makes_no_sense_is_none(
    one: TrustedClient, change: dict[str, frozenset[Right]], error: type[Exception]
) -> None:
    with pytest.raises(error):
        changed(one, **change)  # type: ignore[arg-type]


_RIGHTS = st.frozensets(st.sampled_from(Right))
_ROOTS = st.lists(st.sampled_from(["/a", "/a/b", "/ab", "/c"]), max_size=3).map(tuple)
_FOLDERS = ("/", "/a", "/a/b", "/a/b/c", "/ab", "/c", "/c/d")


def allows(roots: tuple[str, ...]) -> set[str]:
    return {
        folder
        for folder in _FOLDERS
        if not roots or any(PurePath(folder).is_relative_to(root) for root in roots)
    }


@each_of(_RIGHTS, _ROOTS, _RIGHTS, _ROOTS)
def test_what_is_left_is_never_more_than_before_nor_more_rights_than_after(
    had: frozenset[Right], held: tuple[str, ...], gets: frozenset[Right], held_then: tuple[str, ...]
) -> None:
    before = replace(KNOWN, rights=tuple(had), roots=held)
    after = replace(KNOWN, rights=tuple(gets), roots=held_then)
    left = decisions.lessened(before, after)
    assert set(left.rights) == had & gets
    assert allows(left.roots) <= allows(held)
