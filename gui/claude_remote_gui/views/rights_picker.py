"""Choosing rights: a preset, or each for itself."""

from __future__ import annotations

from collections.abc import Iterable

from PyQt6.QtCore import QSignalBlocker
from PyQt6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLineEdit, QWidget

from claude_remote.client.admission import SHELL
from claude_remote.rights import PRESETS, WORK, Right, describe, with_implied
from claude_remote_gui.views.parts import label, say

_SHELL = frozenset({Right.PROMPT, Right.APPROVE})
OWN_CHOICE = "own choice"
_TIPS = {
    Right.VIEW: "see every session",
    Right.PROMPT: "prompt sessions; with approve this amounts to a shell on the server",
    Right.APPROVE: "decide what Claude may do; with prompt this amounts to a shell on the server",
    Right.FILES: "move files",
    Right.EXEC: "run commands",
    Right.ADMIN: "approve and revoke clients; implies exec",
}


class RightsPicker(QWidget):
    """The preset and the boxes always say the same. `warning`: words for who gives what is chosen now."""

    def __init__(self, rights: Iterable[Right] = WORK, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.preset = QComboBox()
        self.preset.setAccessibleName("Preset of rights")
        self.preset.addItems([*PRESETS, OWN_CHOICE])
        layout.addWidget(self.preset)
        self.boxes: dict[Right, QCheckBox] = {}
        for right in Right:
            box = QCheckBox(right.value)
            box.setToolTip(_TIPS[right])
            box.setAccessibleName(f"Right: {right.value}")
            box.toggled.connect(self._changed)
            self.boxes[right] = box
            layout.addWidget(box)
        layout.addStretch(1)
        self.preset.currentTextChanged.connect(self._choose)
        self.warning = label(wraps=True)
        self.warning.setParent(self)  # until it has its place
        self.put(rights)

    def put(self, rights: Iterable[Right]) -> None:
        """Show these."""
        given = with_implied(rights)
        for right, box in self.boxes.items():
            with QSignalBlocker(box):
                box.setChecked(right in given)
        self._changed()

    def rights(self) -> frozenset[Right]:
        """What is chosen."""
        return with_implied(right for right, box in self.boxes.items() if box.isChecked())

    def ordered(self) -> list[Right]:
        """What is chosen, in the usual order."""
        chosen = self.rights()
        return [right for right in Right if right in chosen]

    def _choose(self, preset: str) -> None:
        if preset in PRESETS:
            self.put(PRESETS[preset])

    def _changed(self) -> None:
        chosen = self.rights()
        exec_box = self.boxes[Right.EXEC]
        with QSignalBlocker(exec_box):
            exec_box.setChecked(Right.EXEC in chosen)
        name = describe(chosen)
        with QSignalBlocker(self.preset):
            self.preset.setCurrentText(name if name in PRESETS else OWN_CHOICE)
        say(self.warning, f"{SHELL[:1].upper()}{SHELL[1:]}" if chosen >= _SHELL else "")


class RootsPicker(QLineEdit):
    """Folders of the server that a client may use, divided by `:`. `usual`: what it means to write none."""

    def __init__(self, usual: str) -> None:
        super().__init__()
        self.setPlaceholderText(usual)
        self.setAccessibleName("Folders of the server that it may use")
        self.setToolTip("Absolute folders, divided by : — prompts and files stay below them")
        self.setMinimumWidth(180)

    def put(self, roots: Iterable[str]) -> None:
        """Show these."""
        self.setText(":".join(roots))

    def roots(self) -> tuple[str, ...]:
        """What is written; empty: nothing is."""
        return tuple(root.strip() for root in self.text().split(":") if root.strip())
