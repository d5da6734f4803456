"""What the window remembers until its next life: its place, its columns, its servers."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QRect, QSettings, Qt
from PyQt6.QtWidgets import QApplication, QHeaderView, QMainWindow, QSplitter, QTableView, QTabWidget

_SMALL, _WIDEST, _HIGHEST = 1366, 1900, 1250  # pixels
_LAYOUT = "3"  # another one whenever columns or splitters are


class Memory:
    """Of one window, in these settings."""

    def __init__(self, settings: QSettings, window: QMainWindow, tabs: QTabWidget) -> None:
        self._settings = settings
        self._window = window
        self._tabs = tabs

    @property
    def servers(self) -> list[str]:
        """Those that were added in the window, now or before, and not removed."""
        kept = self._settings.value("servers", [])
        return [str(each) for each in kept] if isinstance(kept, list) else [str(kept)]

    @servers.setter
    def servers(self, names: Sequence[str]) -> None:
        self._settings.setValue("servers", list(dict.fromkeys(names)))
        self._settings.sync()

    @property
    def stays(self) -> bool:
        """Whether closing leaves the program in the tray."""
        return str(self._settings.value("stays", 1)) == "1"

    def first_time(self, what: str) -> bool:
        """Whether this has not been asked before, in any life."""
        key = f"told/{what}"
        first = not self._settings.value(key)
        self._settings.setValue(key, 1)
        return first

    def save(self, *, stays: bool) -> None:
        """As it is now."""
        # Not saveGeometry: where there is no window manager, its frame moves the window a bit at each start.
        self._settings.setValue("place", self._window.normalGeometry())
        self._settings.setValue("maximized", int(self._window.isMaximized()))
        self._settings.setValue("layout", _LAYOUT)
        self._settings.setValue("tab", self._tabs.currentIndex())
        self._settings.setValue("stays", int(stays))
        for name, header in self._headers():
            self._settings.setValue(f"columns/{name}", header.saveState())
        for splitter in self._window.findChildren(QSplitter):
            self._settings.setValue(f"splitters/{splitter.objectName()}", splitter.saveState())
        self._settings.sync()

    def restore(self) -> None:
        """As it was; the first time, where it has room."""
        place = self._settings.value("place")
        if isinstance(place, QRect) and place.isValid():
            self._put(place)
        else:
            self._take_room()
        if str(self._settings.value("maximized", 0)) == "1":
            self._window.setWindowState(Qt.WindowState.WindowMaximized)
        if str(self._settings.value("layout", "")) != _LAYOUT:
            return  # of a version with other columns
        self._tabs.setCurrentIndex(int(self._settings.value("tab", 0)))
        for name, header in self._headers():
            state = self._settings.value(f"columns/{name}")
            if state is not None:
                header.restoreState(state)
        for splitter in self._window.findChildren(QSplitter):
            state = self._settings.value(f"splitters/{splitter.objectName()}")
            if state is not None:
                splitter.restoreState(state)

    def _put(self, place: QRect) -> None:
        """Where it was; on the screens that there are now."""
        screen = QApplication.screenAt(place.center()) or QApplication.primaryScreen()
        if screen is not None:
            room = screen.availableGeometry()
            place.setSize(place.size().boundedTo(room.size()))
            place.moveLeft(max(room.left(), min(place.left(), room.right() - place.width() + 1)))
            place.moveTop(max(room.top(), min(place.top(), room.bottom() - place.height() + 1)))
        self._window.setGeometry(place)

    def _take_room(self) -> None:
        """The first time: most of the screen, in its middle; all of a small one."""
        screen = self._window.screen() or QApplication.primaryScreen()
        if screen is None:
            self._window.resize(1240, 800)
            return
        room = screen.availableGeometry()
        width, height = room.width() * 4 // 5, room.height() * 17 // 20
        self._window.resize(min(width, _WIDEST), min(height, _HIGHEST))
        self._window.move(room.center() - self._window.rect().center())
        if room.width() <= _SMALL:
            self._window.setWindowState(Qt.WindowState.WindowMaximized)

    def _headers(self) -> list[tuple[str, QHeaderView]]:
        found = []
        for view in self._window.findChildren(QTableView):
            header = view.horizontalHeader()
            if header is not None and view.objectName():
                found.append((view.objectName(), header))
        return found
