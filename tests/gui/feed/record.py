"""Record what a real server tells of two sessions, a question and a revocation.

    python -m tests.gui.feed.record      writes recorded.jsonl beside this file, one message a line

The first line is a snapshot, the last is the snapshot of the same moment as the line before it.
"""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import msgspec

from claude_remote import connect
from claude_remote.client.watching import FeedMessage
from claude_remote.paths import find_paths
from tests.e2e.lab import Lab
from tests.fakes.messages_api import bash, text

RECORDED = Path(__file__).with_name("recorded.jsonl")
_QUIET = 2.0  # seconds


def record() -> tuple[list[FeedMessage], str]:
    """As told by the door of this machine; and the folder that the server lived in."""
    heard: list[FeedMessage] = []
    with Lab() as lab:
        folder = str(lab.folder)
        lab.start()
        alice = lab.approved("alice")
        lab.api.on("make the file", bash("touch made && echo done"), text("It is made."))
        lab.api.on("say hello", text("Hello."))
        paths = find_paths({"CLAUDE_REMOTE_HOME": str(lab.folder / "server")})
        with connect(paths=paths) as client, client.watch() as watching:
            ended = threading.Event()

            def listen() -> None:
                quiet = time.monotonic()
                while not ended.is_set() or time.monotonic() - quiet < _QUIET:
                    message = watching.receive(0.1)
                    if message is not None:
                        heard.append(message)
                        quiet = time.monotonic()

            listener = threading.Thread(target=listen)
            listener.start()
            asks = client.send("make the file", name="asks")
            assert alice.run("-p", "say hello", "--name", "hello").code == 0
            waiting = None
            while waiting is None:
                snapshot = client.snapshot()
                waiting = next(iter(snapshot.approvals), None)
            client.allow(waiting.id)
            client.wait(asks.session.id, timeout=60)
            client.rename(asks.session.id, "asked")
            client.close_session("hello")
            client.revoke("alice")
            ended.set()
            listener.join()
            heard.append(client.snapshot())
    return heard, folder


def main() -> None:
    """Write it, without the names of this machine."""
    heard, folder = record()
    text = "".join(msgspec.json.encode(message).decode() + "\n" for message in heard)
    text = text.replace(folder, "/srv/lab").replace(f'"host":"{socket.gethostname()}"', '"host":"home"')
    RECORDED.write_text(text)


if __name__ == "__main__":
    main()
