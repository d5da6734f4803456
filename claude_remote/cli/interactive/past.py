"""The end of what was said before, for who comes back to a session."""

from __future__ import annotations

from collections import OrderedDict

from msgspec import structs

from claude_remote.client.conversation.items import AnyItem, Change, Gone, More, Question, Said, Words

_TURNS = 2
_MOST = 60


class Past:
    """Give it the changes of the past; `end` has the items of the last turns, those that go on included."""

    def __init__(self) -> None:
        self._items: OrderedDict[int, AnyItem] = OrderedDict()
        self._dropped = False

    def take(self, change: Change) -> None:
        """A change."""
        match change:
            case More(id=number, text=text):
                item = self._items.get(number)
                if isinstance(item, Words):
                    self._items[number] = structs.replace(item, text=item.text + text)
            case Gone(id=number):
                self._items.pop(number, None)
            case Question(done=True):
                self._items.pop(change.id, None)  # the tool's own line says what came of it
            case _:
                self._items[change.id] = change
                while len(self._items) > _MOST:
                    self._items.popitem(last=False)
                    self._dropped = True

    def end(self) -> tuple[bool, list[AnyItem]]:
        """Whether there was more before, and the items of the last turns."""
        items = list(self._items.values())
        begins = [place for place, item in enumerate(items) if isinstance(item, Said)][-_TURNS:]
        if not begins:
            return self._dropped, items
        return self._dropped or begins[0] > 0, items[begins[0] :]
