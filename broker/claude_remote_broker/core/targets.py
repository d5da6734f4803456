"""Which session a client means, or how a new one begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from msgspec.structs import replace

from claude_remote import conversations, options
from claude_remote.errors import (
    BadMessage,
    BadOption,
    InUse,
    NameTaken,
    NoSuchSession,
    NotIdle,
    RemoteError,
    RightMissing,
    SessionTrimmed,
)
from claude_remote.messages import Target
from claude_remote.rights import Right
from claude_remote_broker.core import gate
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.ledger import Ledger
from claude_remote_broker.core.session import Session
from claude_remote_broker.core.words import slug, unique
from claude_remote_broker.core.worktrees import find_room
from claude_remote_broker.journal import SessionRow
from claude_remote_broker.ports import ConversationFound, FolderChecked, Peer


@dataclass(frozen=True)
class Aim:
    """The session, and what its claude shall be started with from now on (None: as it is)."""

    session: Session
    options: tuple[str, ...] | None = None
    mode: str | None = None
    model: str | None = None


class Aiming:
    """Finds the session of a target: at once, or after a look at the folder.

    `then` gets the Aim; a new session is in the registry by then, its name reserved, but not stored. It may
    raise RemoteErrors, which go to `fail` as all others.
    """

    def __init__(
        self,
        context: Context,
        peer: Peer,
        target: Target,
        then: Callable[[Aim], None],
        fail: Callable[[RemoteError], None],
    ) -> None:
        self._context = context
        self._peer = peer
        self._target = target
        self._then = then
        self._fail = fail
        self._text = ""
        self._checked = options.Checked((), None, None, ())

    def begin(self, text: str) -> None:
        """`text` gives a new session its name. Raises RemoteError for what is wrong at first sight."""
        self._text = text
        rights = gate.rights_of(self._peer.fingerprint, self._context.clients)
        self._checked = options.check(self._target.options, rights)
        target = self._target
        if target.worktree is not None:
            self._check_worktree(rights)
        if target.session is not None:
            self._find(target.session, rights)
        elif target.latest:
            self._check(
                target.cwd,
                lambda checked: self._reach(
                    self._context.sessions.latest(self._peer.fingerprint, checked.path), checked
                ),
                worktree=target.worktree is not None,
            )
        else:
            stamp = self._context.warm.any
            self._check(target.cwd, self._create, worktree=target.worktree is not None, stamp=stamp)

    def _check_worktree(self, rights: frozenset[Right]) -> None:
        """Making one writes to the disk, and runs the hooks of git, without asking."""
        if Right.APPROVE not in rights:
            raise RightMissing(
                f"--worktree needs the right `{Right.APPROVE}`.", right=Right.APPROVE, option="--worktree"
            )
        if (self._target.session is not None or self._target.latest) and not self._target.fork:
            raise BadOption(
                "A session stays where it is: --worktree is for a new one, or with --fork-session."
            )

    # --- finding ---------------------------------------------------------------------------------------

    def _find(self, name: str, rights: frozenset[Right]) -> None:
        """A session of ours; or a conversation that was begun without us, for those who see everything."""
        try:
            session = self._context.sessions.find(name, self._peer)
        except NoSuchSession:
            if Right.VIEW not in rights or not conversations.may_be_id(name):
                raise
            self._context.effects.find_conversation(name, self._found)
        except SessionTrimmed as error:
            # Of ours is nothing left of it, but Claude may still have it.
            trimmed = error
            self._context.effects.find_conversation(
                error.detail["claude_session"],
                lambda found: self._found(found if found.error is None else replace(found, error=trimmed)),
            )
        else:
            self._go_to(session)

    def _go_to(self, session: Session) -> None:
        target = self._target
        self._check(
            session.row.cwd,
            lambda checked: self._reach(session, checked),
            self._check_setup(session),
            needless=not target.fork,
            worktree=target.worktree is not None,
        )

    def _found(self, found: ConversationFound) -> None:
        try:
            if found.error is not None:
                raise found.error
            if (session := self._context.sessions.of_conversation(found.conversation)) is not None:
                self._go_to(self._seen(session))
                return
            if found.owner and not self._target.fork:
                raise InUse(
                    f"This conversation is open in {found.owner}. Leave it there first, or go on with a copy "
                    "of it: --fork-session.",
                    conversation=found.conversation,
                )
            self._check(
                found.cwd,
                lambda checked: self._take_over(found.conversation, checked),
                worktree=self._target.worktree is not None,
            )
        except RemoteError as error:
            self._fail(error)

    def _take_over(self, conversation: str, checked: FolderChecked) -> None:
        session = self._context.sessions.of_conversation(conversation)
        if session is None:
            self._create(checked, conversation=conversation)
        else:
            # Somebody was faster while we looked at its folder.
            self._then(Aim(self._seen(session)))

    def _seen(self, session: Session) -> Session:
        if session.fresh:
            raise NotIdle("This conversation is being taken over by somebody else just now.")
        return session

    def _check_setup(self, session: Session) -> tuple[str, ...]:
        """Whether this client may prompt a claude as it would run then; paths that it reaches."""
        rights = gate.rights_of(self._peer.fingerprint, self._context.clients)
        checked, row = self._checked, session.row
        return gate.check_setup(checked.rest or row.options, checked.mode or row.mode, rights)

    def _check(
        self,
        path: str | None,
        then: Callable[[FolderChecked], None],
        also: tuple[str, ...] = (),
        *,
        needless: bool = False,
        worktree: bool = False,
        stamp: bool = False,
    ) -> None:
        """The real path of a folder that this client may use, `also` too. `needless`: unless it has roots."""
        clients, fingerprint = self._context.clients, self._peer.fingerprint
        roots = gate.roots_of(fingerprint, clients)
        # Claude reads what lies below its folder without asking, and its rules do not hold for all ways to.
        apart = Right.APPROVE not in gate.rights_of(fingerprint, clients)
        if needless and path is not None and not roots and not apart and not self._checked.paths:
            then(FolderChecked(0, path))
            return

        def checked(event: FolderChecked) -> None:
            try:
                if event.error is not None:
                    raise event.error
                then(event)
            except RemoteError as error:
                self._fail(error)

        paths = (*self._checked.paths, *also)
        self._context.effects.check_folder(
            path, roots, paths, checked, apart=apart, worktree=worktree, stamp=stamp
        )

    def _reach(self, session: Session, folder: FolderChecked) -> None:
        self._check_setup(session)
        if self._target.fork:
            if not session.row.turns and not session.row.claude:
                raise NotIdle(f"There is nothing in {session.row.name} yet that could be forked.")
            self._create(folder, session)
            return
        checked = self._checked
        self._then(Aim(session, checked.rest or None, checked.mode, checked.model))

    def _create(
        self, folder: FolderChecked, source: Session | None = None, conversation: str | None = None
    ) -> None:
        """A new session: of its own, as a fork of `source`, or for a `conversation` (or a fork of that)."""
        context, checked, target = self._context, self._checked, self._target
        inherited = None if source is None else source.row
        name = self._name(folder.path, source)
        cwd, worktree = folder.path, None
        if target.worktree is not None:
            cwd, worktree = find_room(target.worktree, name, folder, context.sessions)
        original = conversation if inherited is None else inherited.claude_session
        row = SessionRow(
            id=context.ids.uuid(),
            name=name,
            cwd=cwd,
            worktree=worktree,
            client=self._peer.fingerprint,
            client_name=self._peer.name,
            created=context.now,
            changed=context.now,
            claude_session=conversation if conversation and not target.fork else context.ids.uuid(),
            fork_of=original if target.fork else None,
            options=checked.rest or (() if inherited is None else inherited.options),
            mode=checked.mode or (self._mode() if inherited is None else inherited.mode),
            model=checked.model or (None if inherited is None else inherited.model),
        )
        begins = original is None and worktree is None  # with nothing that others do not have
        session = context.warm.take(row, folder.stamp) if begins else None
        if session is None:
            session = Session(row, fresh=True)
            session.ledger = Ledger(context, session)
        context.sessions.add(session)
        if begins:
            context.warm.used(row)
        try:
            self._then(Aim(session))
        except RemoteError:
            context.workers.abandon(session)
            raise

    def _mode(self) -> str | None:
        """A claude that is told no mode takes the one of its settings, which may need more rights."""
        rights = gate.rights_of(self._peer.fingerprint, self._context.clients)
        return None if Right.APPROVE in rights else "default"

    def _name(self, cwd: str, source: Session | None) -> str:
        taken = self._context.sessions.name_taken
        if self._target.name is not None:
            name = fit_name(self._target.name)
            if taken(name):
                raise NameTaken(f"Another session is called {name!r}.")
            return name
        if source is not None:
            return unique(source.row.name, taken)
        return unique(slug(self._text) or slug(PurePosixPath(cwd).name, every=True) or "session", taken)


def fit_name(name: str) -> str:
    """A name for a session as a user gave it. Raises BadMessage if it cannot be one."""
    name = name.strip()
    if not name or not name.isprintable() or name[0] in "-@" or "/" in name:
        raise BadMessage("A session's name is printable, without '/', and does not begin with - or @.")
    return name
