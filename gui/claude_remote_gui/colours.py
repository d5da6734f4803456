"""The few colours that mean something, in a light and a dark shade; everything else is the palette's."""

from __future__ import annotations

from dataclasses import dataclass

from PyQt6.QtGui import QColor, QPalette
from PyQt6.QtWidgets import QApplication


@dataclass(frozen=True)
class Colours:
    """Readable on the palette's base colour (contrast 4.5:1 or more)."""

    good: QColor
    warning: QColor
    bad: QColor
    faint: QColor
    accent: QColor
    added: QColor  # backgrounds of a diff
    removed: QColor
    code: QColor  # background
    comment: QColor  # in code
    keyword: QColor
    string: QColor
    number: QColor
    name: QColor


LIGHT = Colours(
    good=QColor("#1a7f37"),
    warning=QColor("#9a5b00"),
    bad=QColor("#c62828"),
    faint=QColor("#6b7280"),
    accent=QColor("#1f5fbf"),
    added=QColor("#dcf5e3"),
    removed=QColor("#fde2e1"),
    code=QColor("#f1f3f5"),
    comment=QColor("#667080"),
    keyword=QColor("#8250b8"),
    string=QColor("#0f6b4f"),
    number=QColor("#a1490c"),
    name=QColor("#1f5fbf"),
)
DARK = Colours(
    good=QColor("#5bd37f"),
    warning=QColor("#f0b35a"),
    bad=QColor("#ff7b72"),
    faint=QColor("#9aa3af"),
    accent=QColor("#7fb2ff"),
    added=QColor("#12351f"),
    removed=QColor("#43191b"),
    code=QColor("#22262c"),
    comment=QColor("#98a1ad"),
    keyword=QColor("#c9a0ff"),
    string=QColor("#7fd6a4"),
    number=QColor("#f0b07a"),
    name=QColor("#7fb2ff"),
)


def is_dark(palette: QPalette) -> bool:
    """Whether the palette has light words on a dark ground."""
    text, ground = palette.color(QPalette.ColorRole.Text), palette.color(QPalette.ColorRole.Base)
    return text.lightness() > ground.lightness()


def now() -> Colours:
    """For the palette that the application has now."""
    return DARK if is_dark(QApplication.palette()) else LIGHT


def dark_palette() -> QPalette:
    """A dark desktop's palette, for pictures of the window where there is no desktop."""
    palette = QPalette()
    roles = QPalette.ColorRole
    shades = {
        roles.Window: "#282c33",
        roles.Base: "#181b1f",
        roles.AlternateBase: "#1d2025",
        roles.Button: "#3a3f48",
        roles.ToolTipBase: "#282c33",
        roles.WindowText: "#e6e8eb",
        roles.Text: "#e6e8eb",
        roles.ButtonText: "#e6e8eb",
        roles.ToolTipText: "#e6e8eb",
        roles.BrightText: "#ffffff",
        roles.PlaceholderText: "#8b93a0",
        roles.Link: "#7fb2ff",
        roles.Highlight: "#2f5fa8",
        roles.HighlightedText: "#ffffff",
        roles.Light: "#3a3f48",
        roles.Midlight: "#31363e",
        roles.Mid: "#3a3f48",
        roles.Dark: "#0f1114",
        roles.Shadow: "#000000",
    }
    for role, shade in shades.items():
        palette.setColor(role, QColor(shade))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor("#717884"))
    return palette
