"""Tasks in the background, as two versions of claude tell of them."""

from __future__ import annotations

from typing import Any

from claude_remote.facts import BackgroundChanged, ClaudeExited
from tests.workers.recorder import Play


def counts(play: Play) -> list[int]:
    return [item.tasks for item in play.seen() if isinstance(item, BackgroundChanged)]


def says(play: Play, subtype: str, **fields: Any) -> list[int]:
    play.says("system", subtype=subtype, **fields)
    return counts(play)


def test_a_claude_that_lists_them() -> None:
    play = Play()
    assert says(play, "background_tasks_changed", tasks=[{"task_id": "a"}]) == [1]
    # The same task, told again.
    assert says(play, "task_started", task_id="a", is_backgrounded=True) == []
    assert says(play, "background_tasks_changed", tasks=[{"task_id": "a"}, {"task_id": "b"}]) == [2]
    assert says(play, "task_notification", task_id="a", status="completed") == []
    assert says(play, "background_tasks_changed", tasks=[{"task_id": "b"}]) == [1]
    assert says(play, "background_tasks_changed", tasks=[]) == [0]


def test_a_long_command_is_none() -> None:
    play = Play()
    assert says(play, "task_started", task_id="a", is_backgrounded=False) == []
    assert says(play, "task_notification", task_id="a", status="completed") == []


def test_a_claude_that_tells_of_beginning_and_end() -> None:
    play = Play()
    assert says(play, "task_started", task_id="a") == [1]
    assert says(play, "task_started", task_id="b") == [2]
    assert says(play, "task_started", task_id="b") == []
    assert says(play, "task_updated", task_id="a", patch={"status": "running"}) == []
    assert says(play, "task_updated", task_id="a", patch={"status": "completed"}) == [1]
    assert says(play, "task_notification", task_id="a", status="completed") == []
    assert says(play, "task_notification", task_id="b", status="killed") == [0]
    assert says(play, "task_progress", task_id="b") == []


def test_they_end_with_their_claude() -> None:
    play = Play()
    says(play, "background_tasks_changed", tasks=[{"task_id": "a"}])
    play.conversation.ended(0, "", play.now)
    changed, exited = play.seen()
    assert changed == BackgroundChanged(tasks=0)
    assert isinstance(exited, ClaudeExited)
