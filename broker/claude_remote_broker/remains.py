"""What leases leave behind when their worker has died: processes, and files that nobody will read again."""

from __future__ import annotations

import fcntl
import logging
import os
import re
from collections.abc import Callable
from pathlib import Path

from claude_remote import processes
from claude_remote.processes import Process
from claude_remote_broker import zygote

log = logging.getLogger(__name__)

KILL_PATIENCE = 5.0
_SPILL_FILE = re.compile(r"[0-9a-f-]{36}\.[0-9]+")


class Remains:
    """Finds and clears them away. Everything here blocks: call it from a thread."""

    def __init__(self, socket: Path, state_id: str, spill: Path) -> None:
        """`socket`: the zygote's; `state_id` begins every lease marker; `spill`: the workers' folder."""
        self._socket = socket
        self._start = f"{state_id}."
        self._spill = spill

    def clear(self, concerns: Callable[[str], bool] = lambda _marker: True) -> list[Process]:
        """End every process of a lease that does not live, and remove its file. What could not be ended.

        Only those whose marker `concerns` whoever asks. A lease lives while its process is below a zygote
        or a worker: a worker takes in what its claude's children leave behind (it is their subreaper), so all
        of a living lease is below it.
        """
        marked = processes.find_marked(self._start)
        # Looked at after the marked ones: a lease that began meanwhile is not among them.
        family = [process.pid for process in zygote.find_family(self._socket)]
        alive = set(processes.below(family))
        dead = [process for process in marked if process not in alive and concerns(marked[process])]
        if dead:
            log.warning("ending what dead leases left: %s", [process.pid for process in dead])
        left = processes.kill_tree(dead, None, KILL_PATIENCE) if dead else []
        self.remove_files()
        return left

    def kill_everything(self) -> None:
        """End the zygote, every worker, and every process of every lease."""
        family = zygote.find_family(self._socket)
        marked = processes.find_marked(self._start)
        if family or marked:
            left = processes.kill_tree([*family, *marked], None, KILL_PATIENCE)
            if left:
                log.error("cannot end %s", [process.pid for process in left])
        self.remove_files()

    def remove_files(self) -> None:
        """Remove the spill files whose worker is no more. A living one holds a lock on its own."""
        try:
            names = [entry.name for entry in self._spill.iterdir() if _SPILL_FILE.fullmatch(entry.name)]
        except FileNotFoundError:
            return
        for name in names:
            try:
                if _is_abandoned(self._spill / name):
                    log.info("removing what a worker could not hand over: %s", name)
                    (self._spill / name).unlink(missing_ok=True)
            except OSError as error:
                log.warning("cannot remove %s: %s", self._spill / name, error)


def _is_abandoned(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
