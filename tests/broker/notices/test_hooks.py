"""Real commands and a real HTTP server are told, again and again if need be."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from claude_remote_broker.notices import delivery, hooks
from claude_remote_broker.notices.hooks import Hooks
from claude_remote_broker.notices.notice import Notice
from claude_remote_broker.preferences import Hook
from tests.broker.house import on_uvloop

NOTICE = Notice(
    occasion="approval",
    at=1000.0,
    host="home",
    session="s",
    session_name="fix-tests",
    cwd="/work",
    client="laptop",
    text="rm -rf $(x)",
    tool="Bash",
    approval="a",
)


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "PAUSES", (0.01, 0.01))


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110  states have no events
            await asyncio.sleep(0.005)


def script(folder: Path, code: str) -> tuple[str, ...]:
    path = folder / "hook.py"
    path.write_text(code)
    return sys.executable, str(path), str(folder)


@on_uvloop
async def test_a_command_is_told_in_json(tmp_path: Path) -> None:
    words = script(
        tmp_path,
        "import os, sys; open(sys.argv[1] + '/told', 'ab').write(sys.stdin.buffer.read());"
        " assert 'NOTIFY_SOCKET' not in os.environ",
    )
    told = Hooks([Hook(command=words)], {"NOTIFY_SOCKET": "/x"})
    told.tell(NOTICE)
    told.tell(Notice(**{**_fields(NOTICE), "occasion": "done"}))
    (state,) = told.states
    await until(lambda: state.delivered == 1)
    await told.close()
    (line,) = (tmp_path / "told").read_text().splitlines()
    assert json.loads(line) == {**_fields(NOTICE), "title": "fix-tests on home asks for an approval"}


def _fields(notice: Notice) -> dict[str, object]:
    return {name: getattr(notice, name) for name in notice.__struct_fields__}


@on_uvloop
async def test_a_command_that_fails_is_tried_again_and_given_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    words = script(
        tmp_path,
        "import sys; open(sys.argv[1] + '/tries', 'a').write('x'); sys.exit('no\\x1b[2J network')",
    )
    told = Hooks([Hook(command=words)], {})
    told.tell(NOTICE)
    (state,) = told.states
    await until(lambda: state.failed == 1)
    await told.close()
    assert (tmp_path / "tries").read_text() == "xxx"
    assert (state.delivered, state.waiting) == (0, 0)
    assert "it ended with 1: no" in state.error
    (problem,) = told.problems()
    assert problem.endswith("; 0 delivered, 1 given up, 0 dropped")
    assert "given up: fix-tests on home asks for an approval" in caplog.text


@on_uvloop
async def test_a_command_that_hangs_is_killed_with_what_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "PATIENCE", 1.0)
    monkeypatch.setattr(hooks, "PAUSES", ())
    words = script(
        tmp_path,
        "import subprocess, sys; p = subprocess.Popen(['sleep', '600']);"
        " open(sys.argv[1] + '/pid', 'w').write(str(p.pid)); p.wait()",
    )
    told = Hooks([Hook(command=words)], {})
    told.tell(NOTICE)
    (state,) = told.states
    await until(lambda: state.failed == 1)
    await told.close()
    assert "more than" in state.error
    pid = (tmp_path / "pid").read_text()
    status = Path(f"/proc/{pid}/status")
    await until(lambda: not status.exists() or "State:\tZ" in status.read_text())


@on_uvloop
async def test_what_is_no_command(caplog: pytest.LogCaptureFixture) -> None:
    told = Hooks([Hook(command=("/no/such/program",)), Hook(command=("a\0b",))], {})
    told.tell(NOTICE)
    await until(lambda: all(state.failed for state in told.states))
    await told.close()
    assert "No such file" in caplog.text


@on_uvloop
async def test_too_many_push_out_the_oldest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "MOST_WAITING", 3)
    words = script(tmp_path, "import sys; open(sys.argv[1] + '/told', 'a').write(sys.stdin.read())")
    told = Hooks([Hook(command=words)], {})
    for number in range(8):
        told.tell(Notice(**{**_fields(NOTICE), "text": str(number)}))  # type: ignore[arg-type]
    (state,) = told.states
    await until(lambda: state.delivered == 3)
    await told.close()
    assert state.dropped == 5
    lines = (tmp_path / "told").read_text().splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["5", "6", "7"]


class Service(ThreadingHTTPServer):
    """Refuses so many, then takes."""

    def __init__(self, refuses: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.refuses = refuses
        self.heard: list[dict[str, object]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.refuses:
            self.server.refuses -= 1
            self.send_error(503)
            return
        self.server.heard.append(json.loads(data))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the parent's name
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    server = Service(refuses=1)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of its own imports
@on_uvloop
async def test_a_url_is_told_through_apprise(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    url = f"json://user:secret@127.0.0.1:{service.server_port}/hook"
    told = Hooks([Hook(url=url)], {})
    told.tell(NOTICE)
    (state,) = told.states
    await until(lambda: state.delivered == 1)
    await told.close()
    (heard,) = service.heard
    assert heard["title"] == "fix-tests on home asks for an approval"
    assert heard["message"] == "Bash: rm -rf $(x)"
    assert state.name == "json://…"
    assert "secret" not in "".join(
        record.getMessage() for record in caplog.records if "claude" in record.name
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of its own imports
@on_uvloop
async def test_a_url_that_nobody_understands() -> None:
    told = Hooks([Hook(url="nothing://x")], {})
    told.tell(NOTICE)
    (state,) = told.states
    await until(lambda: state.failed == 1)
    await told.close()
    assert state.error == "apprise does not understand this URL"


@on_uvloop
async def test_without_apprise_the_remedy_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    monkeypatch.setattr(hooks, "find_spec", lambda _name: None)
    told = Hooks([Hook(url="json://x")], {})
    assert "pip install 'claude-remote-bus[notify]'" in caplog.text
    told.tell(NOTICE)
    (state,) = told.states
    await until(lambda: state.failed == 1)
    await told.close()
    assert "apprise is not installed" in state.error
