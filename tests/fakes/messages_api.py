"""A scripted model: an HTTP server that speaks the Messages API to the real claude.

    with ScriptedApi() as api:
        api.reply(text("Hello"))                         # the next request that no rule takes
        api.on("fix the test", bash("pytest"), text("Fixed."))   # requests whose last words contain this
        subprocess.run([claude_program(), "-p", "hi"], env=claude_environment(api, home), ...)
        assert api.calls[0].prompt == "hi"

A rule belongs to a conversation, not to one request: `on` looks at the first words the user said, so that an
answer to a tool's result is found too, and several sessions at once each get their own script. A request that
nobody has an answer for gets a 400 and is remembered: leaving the `with` block raises then.

Alone (`python -m tests.fakes.messages_api --port 8080`) it improvises; see tests.fakes.improvise.
"""

from __future__ import annotations

import argparse
import http.server
import json
import socket
import socketserver
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeAlias

from tests.fakes.call import Call
from tests.fakes.claude import claude_environment, claude_program
from tests.fakes.improvise import improvise
from tests.fakes.script import (
    WAIT,
    Answer,
    Failure,
    Gate,
    Reply,
    Silence,
    Think,
    bash,
    cut,
    failure,
    message,
    reply,
    say,
    stream,
    text,
    tool,
)

__all__ = [
    "Call",
    "Gate",
    "ScriptedApi",
    "Silence",
    "Think",
    "bash",
    "claude_environment",
    "claude_program",
    "cut",
    "failure",
    "improvise",
    "reply",
    "say",
    "text",
    "tool",
]

Match: TypeAlias = str | Callable[[Call], bool]
Improvise: TypeAlias = Callable[[Call], Answer]

_READ_BY_THEN = 0.2  # seconds in which claude reads what was sent


class _Rule:
    def __init__(self, match: Match, answers: deque[Answer]) -> None:
        self._match = match
        self.answers = answers

    def takes(self, call: Call) -> bool:
        if not self.answers:
            return False
        return (
            any(self._match in words for words in call.said)
            if isinstance(self._match, str)
            else self._match(call)
        )


class ScriptedApi:
    """The server. `port` 0 takes a free one; `otherwise` answers what no script does."""

    def __init__(self, port: int = 0, otherwise: Improvise | None = None) -> None:
        self.calls: list[Call] = []
        self.unexpected: list[Call] = []
        self.otherwise = otherwise
        self._rules: list[_Rule] = []
        self._default: deque[Answer] = deque()
        self._changed = threading.Condition()
        self.closing = threading.Event()
        self._server = _Server(("127.0.0.1", port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="scripted-api")
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def reply(self, *answers: Answer) -> None:
        """Answer the next requests that no rule takes."""
        with self._changed:
            self._default.extend(answers)

    def on(self, match: Match, *answers: Answer) -> None:
        """Answer requests in whose conversation the user said `match`, or for which `match(call)` is true."""
        with self._changed:
            self._rules.append(_Rule(match, deque(answers)))

    def wait_for(self, count: int) -> list[Call]:
        """Wait until `count` requests have come. Raises TimeoutError after WAIT seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.calls) >= count, WAIT):
                raise TimeoutError(f"{len(self.calls)} requests have come, {count} were expected")
            return list(self.calls)

    def answer(self, call: Call) -> Answer:
        """Take down a request and find its answer."""
        with self._changed:
            self.calls.append(call)
            self._changed.notify_all()
            for rule in self._rules:
                if rule.takes(call):
                    return rule.answers.popleft()
            if self._default:
                return self._default.popleft()
            if self.otherwise is None:
                self.unexpected.append(call)
        if self.otherwise is not None:
            return self.otherwise(call)
        return failure(400, f"no answer is scripted for {call.words[:200]!r}")

    def start(self) -> Self:
        """Begin to serve, in a thread."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop: open gates, cut every connection, wait for every thread."""
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.cut_all()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if kind is None and self.unexpected:
            raise AssertionError(f"the model was asked what no script answers: {self.unexpected}")


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = False  # server_close() joins them
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], api: ScriptedApi) -> None:
        self.api = api
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # HTTPServer looks up its own name here, which a machine without a resolver answers slowly.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def process_request(self, request: socket.socket, client_address: tuple[str, int]) -> None:  # type: ignore[override]
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def close_request(self, request: socket.socket) -> None:  # type: ignore[override]
        with self._guard:
            self._open.discard(request)
        super().close_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """A claude that goes away in the middle of an answer is no error of the script's."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    def cut_all(self) -> None:
        with self._guard:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # its peer was faster


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is the parent's
        """Say nothing."""

    def do_HEAD(self) -> None:
        self._json(200, {})

    def do_GET(self) -> None:
        self._json(200, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        path = self.path.partition("?")[0]
        if path.endswith("/count_tokens"):
            self._json(200, {"input_tokens": 10})
        elif path != "/v1/messages":
            self._json(404, {"type": "error", "error": {"type": "not_found_error", "message": path}})
        else:
            call = Call(json.loads(body), dict(self.headers.items()))
            self._answer(call, self.server.api.answer(call))

    def _answer(self, call: Call, answer: Answer) -> None:
        closing = self.server.api.closing
        match answer:
            case Silence():
                if answer.gate is not None:
                    answer.gate.pass_through(closing)
                closing.wait()
                self.close_connection = True
            case Failure():
                error = {"type": answer.kind, "message": answer.message}
                self._json(answer.status, {"type": "error", "error": error}, answer.retry_after)
            case Reply() if not call.streams and answer.cut:
                self._cut()
            case Reply() if not call.streams:
                self._json(200, message(answer, call.model, whole=True))
            case Reply():
                self._stream(call, answer)

    def _stream(self, call: Call, answer: Reply) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.send_header("request-id", f"req_{len(self.server.api.calls):020d}")
        self.end_headers()
        for event in stream(answer, call.model, self.server.api.closing):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(event), event))
        if answer.cut:
            # Claude forgets what it has not looked at when the connection breaks.
            self.server.api.closing.wait(_READ_BY_THEN)
            self._cut()
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _cut(self) -> None:
        """End the connection in the middle of an answer; what was sent arrives."""
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def _json(self, status: int, answer: dict[str, object], retry_after: int | None = None) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        if retry_after is not None:
            self.send_header("retry-after", str(retry_after))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def main() -> None:
    """Serve until Ctrl-C. One line on stdout says where."""
    parser = argparse.ArgumentParser(description="A model that improvises, for trying claude without one.")
    parser.add_argument("--port", type=int, default=0)
    with ScriptedApi(parser.parse_args().port, improvise) as api:
        print(f"ANTHROPIC_BASE_URL={api.url}", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
