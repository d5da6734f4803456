"""`claude-remote-server audit`: who did what here, and whether that record is whole."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
from msgspec import DecodeError

from claude_remote import identity
from claude_remote.audit import Broken, Link, Wanted, join, since
from claude_remote.audit.chain import decode, written
from claude_remote.client import audit_words
from claude_remote.client.witness import WitnessFile
from claude_remote.paths import find_paths
from claude_remote.trust import TrustStore
from claude_remote_broker.failure import Failure

_LOOK_EVERY = 0.3  # seconds
_BROKEN = 1


@click.group(invoke_without_command=True, short_help="Show who did what, and verify that record.")
@click.option("--since", "begin", metavar="WHEN", help=audit_words.SINCE_HELP)
@click.option("--client", metavar="WHICH", default="", help=audit_words.CLIENT_HELP)
@click.option("--session", metavar="SESSION", default="", help=audit_words.SESSION_HELP)
@click.option("--json", "as_json", is_flag=True, help="Records with their hashes, for programs.")
@click.option("-f", "--follow", is_flag=True, help=audit_words.FOLLOW_HELP)
@click.pass_context
def audit(
    ctx: click.Context, begin: str | None, client: str, session: str, *, as_json: bool, follow: bool
) -> None:
    """Show who did what on this server: first contacts, rights, prompts, decisions and what came of them.

    It reads the server's file, whether or not the server runs.
    """
    if ctx.invoked_subcommand is not None:
        return
    known = [
        each.fingerprint
        for each in TrustStore(find_paths().trusted_clients).clients.values()
        if client and each.name == client
    ]
    wanted = Wanted(
        since=_since(begin), client=client, fingerprint=known[0] if known else "", session=session
    )
    try:
        _show(wanted, as_json=as_json, follow=follow)
    except (Broken, DecodeError) as error:
        raise Failure(f"the audit cannot be read to its end: {error}; see `audit verify`") from None


def _show(wanted: Wanted, *, as_json: bool, follow: bool) -> None:
    with closing(_open()) as connection:
        for hash_, body in _records(connection, follow=follow):
            record = decode(body)
            if wanted.takes(record):
                line = join(hash_, body).decode()
                click.echo(line if as_json else _visible(audit_words.describe(record)), nl=not as_json)


@audit.command(name="verify")
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
def verify_audit(file: Path | None) -> int:
    """Look whether the record is whole: nothing changed, removed, put elsewhere or cut off.

    With FILE an export is verified, on any machine. Exit code 0: it is whole; 1: it is not, and the first
    record that is not what it was is named.
    """
    try:
        if file is not None:
            seen = audit_words.witnesses_of(file, WitnessFile(find_paths().witness))
            found = audit_words.verified(audit_words.lines_of(file), seen)
        else:
            seen = _witnesses()
            with closing(_open()) as connection:
                found = audit_words.verified((join(*pair) for pair in _records(connection)), seen)
    except Broken as broken:
        click.echo(f"✗ the audit is not whole: {broken}", err=True)
        return _BROKEN
    click.echo(audit_words.whole(found, seen))
    return 0


@audit.command()
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Instead of stdout.")
def export(output: Path | None) -> None:
    """Write the whole record as JSON lines, which `audit verify FILE` accepts."""
    with closing(_open()) as connection, click.open_file(str(output or "-"), "wb") as out:
        for pair in _records(connection):
            out.write(join(*pair))


def _open() -> sqlite3.Connection:
    from claude_remote_broker.audit import database

    return database.open_to_read(find_paths().audit)


def _records(connection: sqlite3.Connection, *, follow: bool = False) -> Iterator[tuple[str, bytes]]:
    from claude_remote_broker.audit import database

    last = 0
    while True:
        try:
            for seq, hash_, body in database.records(connection, last):
                last = seq
                yield hash_, body
        except sqlite3.Error as error:
            raise Broken(last + 1, f"cannot be read: {error}") from None
        if not follow:
            return
        time.sleep(_LOOK_EVERY)


def _witnesses() -> list[Link]:
    """What this user's own client has seen of this server."""
    paths = find_paths()
    own = identity.load_or_create(paths.server_key, paths.server_certificate).fingerprint
    seen = WitnessFile(paths.witness).all().get(own)
    return [] if seen is None else [Link(seen.seq, seen.hash)]


def _since(text: str | None) -> str:
    try:
        return written(since(text)) if text else ""
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--since") from None


def _visible(text: str) -> str:
    """Control characters escaped: names and texts are others'."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
