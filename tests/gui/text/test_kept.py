"""What a conversation keeps is bounded."""

from __future__ import annotations

import pytest

from claude_remote.client.conversation.items import Gone, More, Note, ToolState, ToolUse, Words
from claude_remote_gui.text import kept as module
from claude_remote_gui.text.kept import Kept


def tool(number: int, result: str = "", state: ToolState = ToolState.DONE) -> ToolUse:
    return ToolUse(
        id=number, tool_use=f"t{number}", tool="Bash", summary="", input=b"{}", state=state, result=result
    )


def test_words_that_grow_and_go() -> None:
    kept = Kept()
    for change in (
        Words(id=1, kind="answer", text="a", done=False),
        More(1, "b"),
        More(1, "c"),
        More(7, "?"),
    ):
        kept.take(change)
    assert (kept.added(1), kept.get(1).text) == ("bc", "a")  # type: ignore[union-attr]
    assert kept.whole(1).text == "abc"  # type: ignore[union-attr]
    kept.take(Gone(1))
    assert (len(kept), 1 in kept) == (0, False)


def test_the_oldest_items_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ITEMS", 3)
    kept = Kept()
    kept.take(tool(1, state=ToolState.FAILED))
    for number in range(2, 6):
        kept.take(Note(id=number, level="info", text=""))
    assert list(kept.errors) == [1]
    assert kept.trim() == [1, 2]
    assert list(kept) == [3, 4, 5]
    assert not kept.errors


def test_the_oldest_results_go_before_the_items_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_RESULTS", 10)
    kept = Kept()
    for number in range(1, 4):
        kept.take(tool(number, "12345"))
    kept.take(tool(3, "1234"))  # it changed: counted once
    assert [kept.whole(number).result for number in kept] == ["", "12345", "1234"]  # type: ignore[union-attr]
    kept.take(Gone(2))
    kept.take(tool(4, "123456"))
    assert [kept.whole(number).result for number in kept] == ["", "1234", "123456"]  # type: ignore[union-attr]
