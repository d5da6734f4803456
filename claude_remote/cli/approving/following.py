"""`claude-remote approvals --follow`: what Claude asks as it comes, on one server or all."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeAlias

from claude_remote.cli.approving.listing import as_map, tell_line
from claude_remote.cli.everywhere import known_roads
from claude_remote.cli.reaching import Reach, reach_server
from claude_remote.cli.terminal import Terminal, escape
from claude_remote.client.client import Client
from claude_remote.errors import Exit, RemoteError
from claude_remote.messages import ApprovalInfo, Approvals, ApprovalState

_MOST_WAITING = 1000
_ENDED = frozenset({ApprovalState.FINISHED, ApprovalState.VOID})

# Which server, and what it tells, why it is away just now, or why it cannot be followed.
Told: TypeAlias = tuple[str, Approvals | str | RemoteError]


def follow(reach: Reach, terminal: Terminal, *, json: bool) -> int:
    """Those that are open, and what becomes of them, until Ctrl-C. Raises RemoteError."""
    with reach_server(reach, terminal) as client:
        ears = Ears()
        ears.listen("", lambda: client)
        return _tell(ears, terminal, json=json)


def follow_everywhere(terminal: Terminal, *, json: bool) -> int:
    """Likewise of every server that is trusted here; those that do not answer are named."""
    roads = known_roads()
    if not roads:
        terminal.fail("no server is known")
        return Exit.UNREACHABLE
    ears = Ears()
    for name, road in roads.items():
        ears.listen(name, partial(Client, road))
    return _tell(ears, terminal, json=json)


class Ears:
    """What several servers tell, as it comes, each heard in a thread of its own."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[Told] = queue.Queue(_MOST_WAITING)
        self._over = threading.Event()

    def listen(self, name: str, connect: Callable[[], Client]) -> None:
        """Hear this one, too."""
        threading.Thread(target=self._listen, args=(name, connect), daemon=True).start()

    def __iter__(self) -> Iterator[Told]:
        """For ever."""
        while True:
            try:
                yield self._waiting.get(timeout=0.5)
            except queue.Empty:  # so that Ctrl-C is looked at, also where a wait cannot be interrupted
                continue

    def close(self) -> None:
        """Hear nothing more."""
        self._over.set()

    def _listen(self, name: str, connect: Callable[[], Client]) -> None:
        def on_away(why: str) -> None:
            self._put((name, why))

        try:
            for message in connect().follow_approvals(on_away=on_away, stopped=self._over.is_set):
                self._put((name, message))
        except RemoteError as error:
            self._put((name, error))

    def _put(self, told: Told) -> None:
        while not self._over.is_set():
            try:
                self._waiting.put(told, timeout=0.5)
            except queue.Full:
                continue
            return


def _tell(ears: Ears, terminal: Terminal, *, json: bool) -> int:
    known: dict[str, dict[str, ApprovalState]] = {}
    try:
        for server, told in ears:
            if isinstance(told, Approvals):
                for info in _news(known.setdefault(server, {}), told):
                    _write(server, info, terminal, json=json)
            elif isinstance(told, RemoteError) and not server:
                raise told
            else:
                why = told.message if isinstance(told, RemoteError) else told
                terminal.say(terminal.paint(f"{escape(server)} {escape(why)}".strip(), "2"))
    except KeyboardInterrupt:
        terminal.say("")
        return Exit.INTERRUPTED
    finally:
        ears.close()
    return Exit.OK


def _news(known: dict[str, ApprovalState], message: Approvals) -> Iterator[ApprovalInfo]:
    """What was not told before. After a broken link the list comes again."""
    for info in message.approvals:
        if known.get(info.id) != info.state:
            known[info.id] = info.state
            yield info
        if info.state in _ENDED:
            known.pop(info.id, None)


def _write(server: str, info: ApprovalInfo, terminal: Terminal, *, json: bool) -> None:
    if json:
        import msgspec

        terminal.write(msgspec.json.encode(as_map(server, info)) + b"\n")
    else:
        terminal.print(tell_line(server, info, terminal))
