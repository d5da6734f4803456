"""The client: every request of the exchange as a method. Blocking; see claude_remote.connect."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import msgspec

from claude_remote import messages
from claude_remote.client.administering import Administering
from claude_remote.client.answers import ANSWER_WITHIN, ask_one, expect, expect_done
from claude_remote.client.approving import Approving
from claude_remote.client.link import Link
from claude_remote.client.pinging import Pinging, Timing
from claude_remote.client.pool import Pool, closing_on_error
from claude_remote.client.prompting import PromptRequest, new_id
from claude_remote.client.roads import Road
from claude_remote.client.steering import Steering
from claude_remote.client.updating import Updating
from claude_remote.errors import BadMessage, TooLarge
from claude_remote.messages import Cursor, SessionInfo, Target
from claude_remote.rights import Right

if TYPE_CHECKING:  # what a ping does not need, it does not import
    from claude_remote.client.turn import Exchange, OnApproval, Turn
    from claude_remote.client.watching import Watching
    from claude_remote.feed import Snapshot

__all__ = ["ANSWER_WITHIN", "Client", "Timing", "new_id"]

_MAX_ANSWER = 64 * 1024 * 1024
_CONVERSATIONS_WITHIN = 60.0  # the next of them; a disk may have to be waited for


class Client(Pinging, Steering, Approving, Updating, Administering):
    """A server that lets us in. One connection carries one exchange at a time; the client opens as many as
    are needed at once, and keeps a few for what comes next. May be used from several threads.
    """

    def __init__(self, road: Road) -> None:
        self._pool = Pool(road)
        began = time.monotonic()
        link, self.hello, self.fingerprint = self._pool.open()
        self.name = road.name or self.hello.host
        """What the server is called here: its name in `servers`, its address, or this machine."""
        self._connect_time = time.monotonic() - began
        self._pool.put_back(link)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def host(self) -> str:
        """The server's name for its own machine."""
        return self.hello.host

    @property
    def rights(self) -> tuple[Right, ...]:
        """What the server's owner lets this client do."""
        return self.hello.rights

    def close(self) -> None:
        """Close every idle connection. Turns that are still followed close theirs themselves."""
        self._pool.close()

    def tell_when_away(self, tell: Callable[[str], None]) -> None:
        """`tell` is given words for the user when a request waits for a server that restarts."""
        self._pool.on_away = tell

    # --- prompting --------------------------------------------------------------------------------------

    def prompt(
        self,
        text: str,
        *,
        session: str | None = None,
        latest: bool = False,
        fork: bool = False,
        name: str | None = None,
        cwd: str | None = None,
        worktree: str | None = None,
        options: Sequence[str] = (),
        on_approval: OnApproval | None = None,
        patience: float | None = 30.0,
        id: str | None = None,  # noqa: A002  it is called so on the wire
    ) -> Turn:
        """Prompt a session and follow the turn: iterate over what is returned.

        `session` (an id, the beginning of one, or a name) or `latest` (this client's last session in `cwd`)
        goes on with a conversation, `fork` with a copy of it; else a new one begins, called `name`, in `cwd`,
        with `worktree` in a git worktree of that name ("": one is found) of the repository there.
        `options` are claude's own command-line arguments. `on_approval` is called for every approval that
        opens. When the connection breaks, it is made again for `patience` seconds (None: for ever), and the
        turn goes on with the next event; `id`, a UUID, names the prompt, so that the same one sent again
        runs once.
        """
        from claude_remote.client.turn import Turn

        target = Target(
            session=session,
            latest=latest,
            fork=fork,
            name=name,
            cwd=cwd,
            worktree=worktree,
            options=tuple(options),
        )
        request = PromptRequest(text, target, id=id)

        def ask(after: Cursor | None) -> Link:
            link = self._pool.take()
            with closing_on_error(link):
                request.send(link, after)
            return link

        return Turn(request.id, ask, self._pool.put_back, on_approval=on_approval, patience=patience)

    def open(
        self,
        *,
        session: str | None = None,
        latest: bool = False,
        fork: bool = False,
        name: str | None = None,
        cwd: str | None = None,
        worktree: str | None = None,
        options: Sequence[str] = (),
    ) -> messages.Opened:
        """Begin or wake a session without a prompt, so that its claude is ready when one comes."""
        target = Target(
            session=session,
            latest=latest,
            fork=fork,
            name=name,
            cwd=cwd,
            worktree=worktree,
            options=tuple(options),
        )
        return ask_one(self._pool, messages.Open(target=target), messages.Opened)

    def attach(
        self,
        session: str,
        after: Cursor | None = None,
        *,
        follow: bool = True,
        patience: float | None = 30.0,
    ) -> Exchange:
        """Read a session's log after a cursor (None: all of it) and, with `follow`, what comes."""
        from claude_remote.client.turn import Exchange

        def ask(cursor: Cursor | None) -> Link:
            link = self._pool.take()
            with closing_on_error(link):
                link.send(messages.Attach(session=session, after=cursor, follow=follow))
            return link

        return Exchange(ask, self._pool.put_back, after=after, patience=patience)

    def sessions(self) -> list[SessionInfo]:
        """The sessions that this client may see: the latest of them, when they are thousands."""
        return self._sessions(messages.ListSessions())

    def latest_sessions(self) -> tuple[list[SessionInfo], int]:
        """The same, and how many older ones there are beside these."""
        pages = self._pages(messages.ListSessions())
        left_out = max((page.left_out for page in pages), default=0)
        return [info for page in pages for info in page.sessions], left_out

    def conversations(self, limit: int = 200) -> list[messages.Conversation]:
        """What claude has on disk there, the latest first, whoever began it: in a terminal, an editor, here.

        Raises ErrandFailed when the server lacks what reads them.
        """
        found = []
        with self.run_errand(messages.ListConversations(limit=limit)) as errand:
            while (parcel := errand.receive(_CONVERSATIONS_WITHIN)) is not None:
                found.append(parcel.read(messages.Conversation))
        return found

    def interrupt(self, session: str) -> None:
        """End the running turn of a session."""
        with self._pool.link() as link:
            link.send(messages.Interrupt(session=session))
            expect_done(link)

    def control(self, session: str, subtype: str, **arguments: Any) -> Any:
        """Ask the session's claude something of its control protocol, such as `set_permission_mode`."""
        with self._pool.link() as link:
            link.send(messages.Control(session=session, subtype=subtype), msgspec.json.encode(arguments))
            parts: list[bytes] = []
            more, size = True, 0
            while more:
                message, payload = link.receive(ANSWER_WITHIN)
                more = expect(message, messages.Answer).more
                size += len(payload)
                if size > _MAX_ANSWER:
                    raise TooLarge(f"the answer is longer than {_MAX_ANSWER} bytes")
                parts.append(payload)
            expect_done(link)
        try:
            return msgspec.json.decode(b"".join(parts) or b"null")
        except (msgspec.DecodeError, RecursionError) as error:
            raise BadMessage(f"the answer is not JSON: {error}") from None

    # --- watching (right: view) --------------------------------------------------------------------------

    def watch(self, window: int = 0) -> Watching:
        """Follow what happens on the server: see claude_remote.feed. With a `window`, at most about so many
        items are on their way that Watching.seen was not told of: who is slow then sees how things stand now
        (a new snapshot) and not what was seconds ago.
        """
        from claude_remote.client.watching import Watching

        link = self._pool.take()
        with closing_on_error(link):
            return Watching(link, self._pool.put_back, window)

    def snapshot(self) -> Snapshot:
        """How things stand on the server now: what watching begins with."""
        from claude_remote import feed
        from claude_remote.client.watching import Watching

        link = self._pool.take()
        with closing_on_error(link):
            watching = Watching(link, self._pool.put_back)
            first = watching.receive(ANSWER_WITHIN)
            if not isinstance(first, feed.Snapshot):
                raise BadMessage("watching did not begin with a snapshot")
            watching.finish(ANSWER_WITHIN)
        return first
