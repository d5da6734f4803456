"""A counterpart for the client: a server in a thread that does what each test's script says, no more."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from typing import TypeVar, cast

from claude_remote import codec, framing, messages
from claude_remote.errors import RemoteError
from claude_remote.messages import Door, FromClient, Heartbeat, Hello, Message, Source
from claude_remote.rights import FULL

M = TypeVar("M", bound=Message)
SESSION = "11111111-1111-4111-8111-111111111111"
GENERATION = 7


def session_info(**fields: object) -> messages.SessionInfo:
    values: dict[str, object] = {
        "id": SESSION,
        "name": "fix-test",
        "state": messages.SessionState.WORKING,
        "host": "home",
        "cwd": "/home/me/src/api",
        "client": "me@laptop",
        "created": 1.0,
        "changed": 2.0,
    }
    return messages.SessionInfo(**(values | fields))  # type: ignore[arg-type]


class Connection:
    """One connection, from the server's side."""

    def __init__(self, stream: socket.socket) -> None:
        self.stream = stream
        self._decoder = framing.Decoder()
        self._frames: list[framing.Frame] = []
        self.heartbeats = 0
        self.seq = 0
        stream.settimeout(20)

    def hello(self, **fields: object) -> Hello:
        """Exchange hellos."""
        values: dict[str, object] = {
            "version": "0",
            "way": Door.DOOR,
            "host": "home",
            "rights": tuple(sorted(FULL)),
        }
        hello = self.expect(Hello)
        self.send(Hello(**(values | fields)))  # type: ignore[arg-type]
        return hello

    def send(self, message: Message, payload: bytes = b"") -> None:
        self.stream.sendall(framing.encode(codec.pack(message), payload))

    def lines(self, *lines: bytes, source: Source = Source.CLAUDE) -> None:
        """Events, the next in number."""
        first = self.seq + 1
        self.seq += len(lines)
        self.send(
            messages.Events(generation=GENERATION, first=first, count=len(lines), source=source, at=1.0),
            b"".join(line.rstrip(b"\n") + b"\n" for line in lines),
        )

    def receive(self) -> tuple[Message, bytes]:
        """The next message that is not a heartbeat; EOFError at the end."""
        while True:
            while not self._frames:
                data = self.stream.recv(65536)
                if not data:
                    raise EOFError
                self._frames += self._decoder.feed(data)
            header, payload = self._frames.pop(0)
            message = codec.unpack(header, cast("type[Message]", FromClient))
            if not isinstance(message, Heartbeat):
                return message, payload
            self.heartbeats += 1

    def expect(self, kind: type[M]) -> M:
        message, self.payload = self.receive()
        if not isinstance(message, kind):
            raise TypeError(f"expected {kind.__name__}, got {message!r}")
        return message


Script = Callable[[Connection], None]


class Server:
    """Listens, and runs one script per connection, in order; the last one for all that follow."""

    def __init__(
        self, listener: socket.socket, scripts: list[Script], context: ssl.SSLContext | None = None
    ) -> None:
        self._listener = listener
        self._scripts = scripts
        self.context = context
        self.address = ""
        self.connections = 0
        self.failures: list[BaseException] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                stream, _ = self._listener.accept()
            except OSError:
                return
            script = self._scripts[min(self.connections, len(self._scripts) - 1)]
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(stream, script), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, stream: socket.socket, script: Script) -> None:
        with stream:
            try:
                if self.context is not None:
                    stream.settimeout(20)
                    stream = self.context.wrap_socket(stream, server_side=True)
                with stream:
                    script(Connection(stream))
            except (EOFError, ssl.SSLError, ConnectionError):
                pass  # the client hung up, or TLS refused it
            except (AssertionError, TypeError, RemoteError, OSError) as error:
                self.failures.append(error)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)
        if self.failures:
            raise self.failures[0]
