"""How many tasks claude has in the background: commands and agents that go on when their turn has ended.

Claude 2.1.330 lists them (`background_tasks_changed`, the whole list each time). 2.1.197 tells only of each
task's beginning (`task_started`, also for a command in the foreground that takes longer) and of its end
(`task_notification`, `task_updated`): there, what has begun and not ended is counted.
"""

from __future__ import annotations

from claude_remote import facts
from claude_remote_workers.outside import Outside
from claude_remote_workers.stream_json import System

_ENDED = frozenset({"completed", "failed", "stopped", "killed", "cancelled"})


class Background:
    """Counts, and says when the count is another."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._begun: set[str] = set()
        self._lists = False  # this claude tells the whole list
        self._told = 0

    def heard(self, system: System) -> None:
        """A line of `system`, of whatever subtype."""
        match system.subtype:
            case "background_tasks_changed":
                self._lists = True
                self._tell(len(system.tasks or ()))
            case "task_started" if not self._lists and system.task_id and system.is_backgrounded is not False:
                self._begun.add(system.task_id)
                self._tell(len(self._begun))
            case "task_notification" if not self._lists:
                self._ended(system.task_id)
            case "task_updated" if not self._lists and system.patch and system.patch.status in _ENDED:
                self._ended(system.task_id)

    def claude_ended(self) -> None:
        """They have ended with it."""
        self._tell(0)

    def _ended(self, task: str | None) -> None:
        self._begun.discard(task or "")
        self._tell(len(self._begun))

    def _tell(self, tasks: int) -> None:
        if tasks != self._told:
            self._told = tasks
            self._outside.record(facts.BackgroundChanged(tasks=tasks))
