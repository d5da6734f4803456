"""A question's words, however many."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from claude_remote_gui.text.markdown import plain
from claude_remote_gui.text.paragraphs import LONGEST_LINE
from claude_remote_gui.views.question import BITE, QuestionText


def test_a_long_question_is_written_in_bites_and_looked_at_from_its_beginning(qtbot: QtBot) -> None:
    view = QuestionText()
    qtbot.addWidget(view)
    view.show()
    lines = [f"{number} <b>{number}</b>" for number in range(3 * BITE)]
    with qtbot.waitSignal(view.completed):
        view.write(plain("\n".join(lines), "code"))
        assert not view.complete
    assert view.complete
    assert view.toPlainText().split("\n") == lines
    bar = view.verticalScrollBar()
    assert bar is not None
    assert bar.value() == 0


def test_another_question_takes_the_place_of_one_that_is_half_written(qtbot: QtBot) -> None:
    view = QuestionText()
    qtbot.addWidget(view)
    view.write(plain("\n".join(["old"] * 3 * BITE)))
    view.write(plain("new"))
    assert view.complete
    qtbot.wait(20)
    assert view.toPlainText() == "new"
    view.write([])
    assert view.complete
    assert view.toPlainText() == ""


def test_a_few_very_long_lines_are_bites_too(qtbot: QtBot) -> None:
    view = QuestionText()
    qtbot.addWidget(view)
    view.write(plain("\n".join(["x" * 50_000] * 4)))
    assert not view.complete
    qtbot.waitUntil(lambda: view.complete)
    letters = view.toPlainText().replace("\n", "")
    assert letters.replace("⋯", "") == "x" * 200_000
    document = view.document()
    assert document is not None
    block, longest = document.begin(), 0
    while block.isValid():
        longest = max(longest, block.length())
        block = block.next()
    assert longest <= LONGEST_LINE + 2  # Qt would take minutes for it in one piece
