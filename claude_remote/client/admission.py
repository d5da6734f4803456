"""Deciding who may use a server, in the words that its own command and a client with the right admin share.

What comes from a server is not fit for a terminal yet.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

import msgspec

from claude_remote import rights, trust
from claude_remote.errors import Ambiguous, BadOption, NoSuchClient
from claude_remote.messages import ChangeRights, ClientInfo, ClientState
from claude_remote.rights import Right

WHICH = "WHICH is a fingerprint, its beginning, the pairing words, or a name."
RIGHTS = "watch|work|full|a,b"
RIGHTS_HELP = "What it may do. watch: look; work (the default): prompt, approve, files; full: everything."
SHELL = "prompt together with approve amounts to a shell on the server."
ROOT_HELP = "A folder that it may use, with all below; may be repeated. Instead of those before."
UNCHANGED = "nothing was changed"


def choose(known: Sequence[ClientInfo], which: Sequence[str]) -> ClientInfo:
    """The client that is meant: words of the command line; without any, the only one that waits.

    What is sent then is its whole fingerprint, so that nobody slips in. Raises NoSuchClient or Ambiguous.
    """
    if which:
        return trust.find(known, " ".join(which))
    waiting = [client for client in known if client.state is ClientState.PENDING]
    if not waiting:
        raise NoSuchClient("no client waits for approval; on the other machine: claude-remote ping")
    if len(waiting) > 1:
        listed = "\n".join(f"  {client.fingerprint}  {describe(client)}" for client in waiting)
        raise Ambiguous(f"{len(waiting)} clients wait; say which:\n{listed}")
    return waiting[0]


def check_named(client: ClientInfo, which: Sequence[str]) -> None:
    """Whoever is let in without a question has to be named: words that nobody was shown were not compared.

    Raises BadOption.
    """
    if not which:
        raise BadOption(
            f"nobody is here to compare the words of {describe(client)}; without a terminal say which:"
            f" clients approve {client.words}"
        )


def describe(client: ClientInfo) -> str:
    """By what the owner knows it."""
    return f"{client.name}, {client.address}, {client.words}"


def question(client: ClientInfo, given: Iterable[Right] | None) -> str:
    """Before it is approved."""
    return f"{describe(client)}   approve for {rights.describe(_meant(client, given))}?"


def is_shell(client: ClientInfo, given: Iterable[Right] | None) -> bool:
    """Whether SHELL has to be said before it is approved."""
    return {Right.PROMPT, Right.APPROVE} <= _meant(client, given)


def read_rights(text: str | None) -> frozenset[Right] | None:
    """What --rights says. Raises BadOption."""
    if text is None:
        return None
    try:
        return rights.parse(text)
    except ValueError as error:
        raise BadOption(f"--rights: {error}", option="--rights") from None


def is_change(word: str) -> bool:
    """Whether a word of the command line is +RIGHT, -RIGHT or =RIGHT, and so neither client nor option."""
    sign, names = word[:1], word[1:]
    return sign in {"+", "=", "-"} and all(
        name.strip().lower() in {*rights.PRESETS, *Right} for name in names.split(",")
    )


def split_changes(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words that are changes, and the others; what follows --root is a folder."""
    changes: list[str] = []
    others: list[str] = []
    for before, word in zip(["", *words], words, strict=False):
        (changes if before != "--root" and is_change(word) else others).append(word)
    return changes, others


def read_changes(which: str, words: Iterable[str], roots: Sequence[str], *, no_roots: bool) -> ChangeRights:
    """What `clients rights` asks for. Raises BadOption when that is nothing, or contradicts itself."""
    given: frozenset[Right] | None = None
    signed: dict[str, frozenset[Right]] = {"+": frozenset(), "-": frozenset()}
    for word in words:
        named = rights.parse_exactly(word[1:])
        if word[0] == "=":
            given = (given or frozenset()) | named
        else:
            signed[word[0]] |= named
    if given is None and not any(signed.values()) and not roots and not no_roots:
        raise BadOption("say what changes: +RIGHT, -RIGHT, =RIGHTS, --root DIR or --no-roots")
    if roots and no_roots:
        raise BadOption("--root and --no-roots contradict each other", option="--no-roots")
    return ChangeRights(
        which=which,
        rights=in_order(given),
        add=in_order(signed["+"]) or (),
        remove=in_order(signed["-"]) or (),
        roots=() if no_roots else tuple(roots) or None,
    )


def in_order(given: Iterable[Right] | None) -> tuple[Right, ...] | None:
    """Rights as a message has them."""
    if given is None:
        return None
    chosen = frozenset(given)
    return tuple(right for right in Right if right in chosen)


def changed(client: ClientInfo) -> str:
    """What was done."""
    what = f" for {rights.describe(client.rights)}" if client.state is ClientState.APPROVED else ""
    return f"✓ {client.state} {client.name}{what}"


def may_now(client: ClientInfo) -> str:
    """What it may do after its rights were changed."""
    where = f" in {', '.join(client.roots)}" if client.roots else ""
    return f"✓ {client.name} may now: {rights.describe(client.rights)}{where}"


def rows(clients: Iterable[ClientInfo]) -> list[tuple[str, ...]]:
    """All of them as a table, titles first."""
    titles = ("NAME", "STATE", "ADDRESS", "RIGHTS", "LAST SEEN", "FINGERPRINT", "WORDS")
    return [
        titles,
        *(
            (
                client.name,
                str(client.state),
                client.address,
                rights.describe(client.rights) if client.rights else "-",
                "now" if client.connections else _ago(client.last_seen),
                client.fingerprint,
                client.words,
            )
            for client in clients
        ),
    ]


def as_json(clients: Iterable[ClientInfo]) -> bytes:
    """All of them for programs: every field, also those that are as usual."""
    objects = [{name: getattr(client, name) for name in client.__struct_fields__} for client in clients]
    return msgspec.json.format(msgspec.json.encode(objects), indent=2) + b"\n"


def _meant(client: ClientInfo, given: Iterable[Right] | None) -> frozenset[Right]:
    return frozenset(client.rights) or rights.WORK if given is None else frozenset(given)


def _ago(at: float) -> str:
    seconds = max(0, int(time.time() - at))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"
