import asyncio

from claude_remote_broker.watchers import Watchers


class Watcher:
    def __init__(self, name: str, told: list[str]) -> None:
        self.name, self.told = name, told

    def client_changed(self, client: object) -> None:
        self.told.append(f"{self.name}: changed")

    def client_cut_off(self, fingerprint: str) -> None:
        self.told.append(f"{self.name}: cut off")

    def client_forgotten(self, fingerprint: str) -> None:
        self.told.append(f"{self.name}: forgotten")


def test_the_door_hangs_up_before_anybody_hears_why() -> None:
    async def run() -> list[str]:
        told: list[str] = []
        watchers = Watchers()
        watchers.add(Watcher("feed", told))
        watchers.add(Watcher("core", told))
        watchers.add(Watcher("door", told), first=True)
        watchers.cut_off("f")
        told.append("hung up")
        await asyncio.sleep(0)
        watchers.forgotten("f")
        return told

    assert asyncio.run(run()) == [
        "door: cut off",
        "hung up",
        "feed: cut off",
        "core: cut off",
        "door: forgotten",
        "feed: forgotten",
        "core: forgotten",
    ]
