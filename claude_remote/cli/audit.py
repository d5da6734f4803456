"""`claude-remote audit`: who did what on a server, from afar (right: admin)."""

from __future__ import annotations

from pathlib import Path

from claude_remote.audit import Broken, Link, since
from claude_remote.cli.reaching import Reach, reach_server
from claude_remote.cli.terminal import Terminal, escape
from claude_remote.client import audit_words
from claude_remote.client.witness import WitnessFile
from claude_remote.errors import BadOption
from claude_remote.paths import find_paths

_BROKEN = 1


def show(
    reach: Reach,
    terminal: Terminal,
    *,
    begin: str | None,
    client: str,
    session: str,
    json: bool,
    follow: bool,
) -> int:
    """Records on lines. Raises RemoteError."""
    try:
        at = since(begin) if begin else 0.0
    except ValueError as error:
        raise BadOption(f"--since: {error}", option="--since") from None
    with reach_server(reach, terminal) as server:
        for line in server.audit(since=at, client=client, session=session, follow=follow):
            if json:
                terminal.write(line)
            else:
                terminal.print(escape(audit_words.told(line)))
    return 0


def verify(reach: Reach, terminal: Terminal, file: Path | None) -> int:
    """Fetch all of it, and look at it here; or at a file. Raises RemoteError."""
    seen: list[Link] = []
    try:
        if file is not None:
            seen = audit_words.witnesses_of(file, WitnessFile(find_paths().witness))
            found = audit_words.verified(audit_words.lines_of(file), seen)
        else:
            # What was seen before this connection, which remembers its own head.
            remembered = WitnessFile(find_paths().witness).all()
            with reach_server(reach, terminal) as server:
                before = remembered.get(server.fingerprint)
                if before is not None:
                    seen.append(Link(before.seq, before.hash))
                found = audit_words.verified(server.audit(), seen)
    except Broken as broken:
        terminal.fail(f"✗ the audit is not whole: {escape(str(broken))}")
        return _BROKEN
    terminal.print(audit_words.whole(found, seen))
    return 0


def export(reach: Reach, terminal: Terminal, output: Path | None) -> int:
    """All of it as JSON lines. Raises RemoteError."""
    with reach_server(reach, terminal) as server:
        if output is None:
            for line in server.audit():
                terminal.write(line)
            return 0
        try:
            with output.open("wb") as out:
                out.writelines(server.audit())
        except OSError as error:
            raise BadOption(f"{output} cannot be written: {error.strerror}") from None
    return 0
