"""ShowStatus: how every hop fares, as it was measured."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from claude_remote import messages as m
from claude_remote_broker.core import gate
from claude_remote_broker.core.client import Client, Exchange
from claude_remote_broker.core.context import Context
from claude_remote_broker.core.following import Following
from claude_remote_broker.core.session import Session
from claude_remote_broker.core.shutting import forthcoming
from claude_remote_broker.core.words import cut
from claude_remote_broker.ports import JournalFigures, ServerFigures

# As many as fit one frame's header, whatever they are called: a name has 64 letters, a person 1,024.
_PAGE = 12


class Surveying(Exchange):
    """Asks the journal and the process, and tells what they say together with what is known here."""

    def __init__(self, context: Context, client: Client, request: m.ShowStatus) -> None:
        # Before anything is begun, for it may not be there.
        self._only = None if request.session is None else context.sessions.find(request.session, client.peer)
        super().__init__(context, client)

    def begin(self) -> None:
        """Ask."""
        self.context.effects.measure(self._measured)

    def received(self, message: m.Message, payload: bytes) -> None:
        """Cancel alone."""
        if isinstance(message, m.Cancel):
            self.end()
        else:
            super().received(message, payload)

    def _measured(self, journal: JournalFigures | None) -> None:
        if not self.over:
            self.context.effects.survey(lambda server: self._tell(journal, server))

    def _tell(self, journal: JournalFigures | None, server: ServerFigures) -> None:
        if self.over:
            return
        context, peer = self.context, self.client.peer
        problems = [*forthcoming(context), *server.problems]
        seen = [
            session
            for session in context.sessions
            if not session.fresh and gate.sees(peer, session, context.clients)
        ]
        self.client.send(
            m.Status(
                host=context.host,
                version=context.version,
                pid=server.pid,
                uptime=server.uptime,
                memory=server.memory,
                connections=server.connections,
                lag=server.lag,
                worst_lag=server.worst_lag,
                turn=server.turn,
                turn_work=server.turn_work,
                launcher=server.launcher,
                workers=context.pool.counted,
                workers_most=context.pool.scale.most,
                waiting=context.pool.waiting,
                sessions=len(seen),
                prompts=sum(len(session.prompts) for session in seen),
                approvals=sum(session.asks for session in seen),
                problems=tuple(cut(words) for words in problems[:64]),
                journal=None if journal is None else self._journal(journal),
            )
        )
        shown = [session for session in seen if _moves(session)] if self._only is None else [self._only]
        for page in _pages(shown[: context.limits.listed]):
            self.client.send(m.Vitals(sessions=tuple(self._vitals(session) for session in page)))
        self.end()

    def _journal(self, figures: JournalFigures) -> m.JournalStatus:
        keep = self.context.keep
        committed = figures.commit > 0
        return m.JournalStatus(
            used=figures.used,
            free=figures.free,
            log=figures.log,
            room=figures.room,
            keep_size=keep.size,
            keep_days=keep.days,
            commit=figures.commit if committed else None,
            commit_ago=self._ago(figures.commit_at) if committed else None,
            worst_commit=figures.worst_commit,
            failing=cut(figures.failing),
            trimming=figures.sweeping,
        )

    def _vitals(self, session: Session) -> m.SessionVitals:
        info = session.info(self.context.host)
        lease = session.lease
        readers = [each for each in session.followers.values() if isinstance(each, Following)]
        places = [each.cursor.seq for each in readers if each.cursor is not None]
        vitals = m.SessionVitals(
            id=info.id,
            name=info.name,
            state=info.state,
            running=info.prompting,
            queued=info.queued,
            approvals=info.approvals,
            tail=session.tail,
            unstored=session.unstored,
            readers=len(readers),
            behind=max((session.tail - place for place in places), default=0),
        )
        if lease is None:
            return vitals
        beat, since = lease.beat, self._ago(lease.beat_at)
        # A lease is made before anybody is there; only a route is a sign that somebody has spoken.
        heard = lease.beat is not None or lease.route is not None
        return replace(
            vitals,
            worker=cut(lease.worker, 64),
            pid=lease.pid,
            worker_ago=self._ago(lease.heard) if heard else None,
            beat=lease.round_trip,
            claude=0 if beat is None else beat.claude,
            claude_ago=None if beat is None or beat.claude_ago is None else beat.claude_ago + since,
            unacknowledged=None if beat is None else beat.kept,
        )

    def _ago(self, at: float) -> float:
        return max(self.context.now - at, 0.0)


def _moves(session: Session) -> bool:
    return bool(session.lease or session.prompts or session.asks or session.followers or session.wanted)


def _pages(sessions: list[Session]) -> Iterator[list[Session]]:
    for start in range(0, len(sessions), _PAGE):
        yield sessions[start : start + _PAGE]
