"""The box for a prompt, and the files that go with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from claude_remote_gui.past_prompts import PastPrompts
from claude_remote_gui.text.attaching import (
    MOST_FILES,
    Attachment,
    CannotAttach,
    read_attachment,
    with_attachments,
)
from claude_remote_gui.views.parts import button, label, row, say
from claude_remote_gui.views.prompt_box import PromptBox

_NO_PICTURES = "A prompt carries text alone: save the picture on the server, and name its path with an @."


class Composer(QWidget):
    """`here`: the server is on this machine, so that Claude reads files by their path."""

    submitted = pyqtSignal(str)
    urgent = pyqtSignal(str)  # for the turn that runs

    def __init__(self, past: PastPrompts | None = None) -> None:
        super().__init__()
        self.here = True
        self.attachments: list[Attachment] = []
        self._sent: tuple[str, str, list[Attachment]] = ("", "", [])
        self.box = PromptBox(past)
        self.box.submitted.connect(lambda words: self.submitted.emit(self._whole(words)))
        self.box.urgent.connect(lambda words: self.urgent.emit(self._whole(words)))
        self.box.dropped.connect(self.attach)
        self.box.pictured.connect(lambda: say(self.said, _NO_PICTURES))
        self.attached = label(wraps=True)
        self.said = label(wraps=True)
        self.remove = button("Remove the files", self._remove)
        self.add = button("&Attach …", self._choose, "Add files to the prompt; they can be dropped, too")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.box, 1)
        layout.addLayout(row(self.attached, self.remove, None))
        layout.addWidget(self.said)
        self._refresh()
        say(self.said, "")

    def attach(self, paths: Sequence[str]) -> None:
        """Add these files: by path where Claude can read them, else what is in them."""
        say(self.said, "")
        if self.here:
            self.box.insertPlainText(" ".join(f"@{path}" for path in paths))
            return
        room = MOST_FILES - len(self.attachments)
        if len(paths) > room:
            say(self.said, f"Not more than {MOST_FILES} files go with a prompt.")
        for path in paths[:room]:
            try:
                self.attachments.append(read_attachment(Path(path)))
            except CannotAttach as error:
                say(self.said, str(error))
        self._refresh()

    def give_back(self, whole: str) -> None:
        """What could not be sent: it is not lost."""
        sent, words, attachments = self._sent
        if whole != sent:
            words, attachments = whole, []
        self.box.give_back(words)
        if not self.attachments:
            self.attachments = list(attachments)
        self._refresh()

    def _whole(self, words: str) -> str:
        whole = with_attachments(words, self.attachments)
        self._sent = (whole, words, self.attachments)
        self.attachments = []
        say(self.said, "")
        self._refresh()
        return whole

    def _remove(self) -> None:
        self.attachments = []
        self._refresh()

    def _refresh(self) -> None:
        sizes = (f"{each.name} ({max(1, len(each.text) // 1024)} KiB)" for each in self.attachments)
        say(self.attached, f"With it: {', '.join(sizes)}" if self.attachments else "")
        self.remove.setVisible(bool(self.attachments))

    def _choose(self) -> None:
        dialog = QFileDialog(self, "Attach files")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(self.attach)
        dialog.open()
