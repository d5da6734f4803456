"""The items of a conversation as they are kept: bounded in number, and in the text of what tools gave."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from msgspec import structs

from claude_remote.client.conversation.items import AnyItem, Change, Gone, More, ToolUse, Words
from claude_remote_gui.text.items import is_error

MOST_ITEMS = 100_000
MOST_RESULTS = 32 * 1024 * 1024  # letters, of all tools together; the oldest go first


class Kept:
    """Items by their numbers, in order. `errors`: those of them that went wrong."""

    def __init__(self) -> None:
        self._items: OrderedDict[int, AnyItem] = OrderedDict()
        self._written: dict[int, list[str]] = {}  # what was added to a text since it was last whole
        self._results: OrderedDict[int, int] = OrderedDict()  # their sizes
        self._size = 0
        self.errors: OrderedDict[int, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, number: object) -> bool:
        return number in self._items

    def __iter__(self) -> Iterator[int]:
        return iter(self._items)

    def clear(self) -> None:
        """Forget all of it."""
        for kept in (self._items, self._written, self._results, self.errors):
            kept.clear()
        self._size = 0

    def take(self, change: Change) -> None:
        """Take a change."""
        match change:
            case More(id=number, text=text):
                if number in self._items:
                    self._written.setdefault(number, []).append(text)
            case Gone(id=number):
                self._forget(number)
            case _:
                self._items[change.id] = change
                self._written.pop(change.id, None)
                if is_error(change):
                    self.errors[change.id] = None
                if isinstance(change, ToolUse) and change.result:
                    self._weigh(change)

    def trim(self) -> list[int]:
        """Forget the oldest beyond MOST_ITEMS, and say which."""
        gone = []
        while len(self._items) > MOST_ITEMS:
            gone.append(next(iter(self._items)))
            self._forget(gone[-1])
        return gone

    def get(self, number: int) -> AnyItem:
        """An item without what was added to it since it was last whole."""
        return self._items[number]

    def whole(self, number: int) -> AnyItem:
        """An item with everything that was added to it."""
        item = self._items[number]
        if isinstance(item, Words) and number in self._written:
            item = structs.replace(item, text=item.text + "".join(self._written.pop(number)))
            self._items[number] = item
        return item

    def added(self, number: int) -> str:
        """What was added to a text since it was last whole."""
        return "".join(self._written.get(number, ()))

    def _weigh(self, use: ToolUse) -> None:
        self._size += len(use.result) - self._results.pop(use.id, 0)
        self._results[use.id] = len(use.result)
        while self._size > MOST_RESULTS:
            number, size = self._results.popitem(last=False)
            self._size -= size
            old = self._items[number]
            if isinstance(old, ToolUse):
                self._items[number] = structs.replace(old, result="")

    def _forget(self, number: int) -> None:
        self._items.pop(number, None)
        self._written.pop(number, None)
        self.errors.pop(number, None)
        self._size -= self._results.pop(number, 0)
