"""A registry as npm asks it, with one package: a claude like the one that the real registry has.

From outside, seen on npm 11.19 and the package 2.1.197 to 2.1.332: `bin/claude.exe` is at first a stub that
says what is missing; a postinstall script puts the program there.
"""

from __future__ import annotations

import base64
import hashlib
import http.server
import io
import json
import socketserver
import tarfile
import threading
from types import TracebackType
from typing import Self
from urllib.parse import unquote

from tests.fakes.claude import claude_program

PACKAGE = "@anthropic-ai/claude-code"
STARTS = (
    f'#!/bin/sh\ncase "$1" in -v) echo "VERSION (Claude Code)" ;; *) exec {claude_program()} "$@" ;; esac\n'
)
_STUB = "#!/bin/sh\necho 'Error: claude native binary not installed.' >&2\nexit 1\n"
_PLACES = "cp program bin/claude.exe\n"


class NpmRegistry:
    """Has nothing at first. `with` it, it answers at `url`."""

    def __init__(self) -> None:
        self._tarballs: dict[str, bytes] = {}
        self._newest = ""
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                registry.answer(self)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="npm-registry")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def publish(self, version: str, program: str = STARTS, postinstall: str = _PLACES) -> None:
        """A version, the newest from now on. VERSION in the program is replaced by it."""
        manifest = {
            **_manifest(version),
            "scripts": {"postinstall": "sh install.sh"},
        }
        contents = {
            "package.json": json.dumps(manifest),
            "bin/claude.exe": _STUB,
            "program": program.replace("VERSION", version),
            "install.sh": postinstall,
        }
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            for name, content in contents.items():
                entry = tarfile.TarInfo(f"package/{name}")
                entry.size, entry.mode = len(content.encode()), 0o755
                tar.addfile(entry, io.BytesIO(content.encode()))
        self._tarballs[version] = packed.getvalue()
        self._newest = version

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        """What is known of the package, or one of its tarballs."""
        path = unquote(request.path)
        version = path.removeprefix("/tarballs/").removesuffix(".tgz")
        if path == f"/{PACKAGE}" and self._tarballs:
            _reply(request, 200, json.dumps(self._packument()).encode())
        elif version in self._tarballs:
            _reply(request, 200, self._tarballs[version])
        else:
            _reply(request, 404, b'{"error":"Not found"}')

    def _packument(self) -> dict[str, object]:
        versions = {}
        for version, tarball in self._tarballs.items():
            digest = base64.b64encode(hashlib.sha512(tarball).digest()).decode()
            dist = {"tarball": f"{self.url}/tarballs/{version}.tgz", "integrity": f"sha512-{digest}"}
            versions[version] = {**_manifest(version), "hasInstallScript": True, "dist": dist}
        return {"name": PACKAGE, "dist-tags": {"latest": self._newest}, "versions": versions}


def _manifest(version: str) -> dict[str, object]:
    return {"name": PACKAGE, "version": version, "bin": {"claude": "bin/claude.exe"}}


def _reply(request: http.server.BaseHTTPRequestHandler, code: int, content: bytes) -> None:
    request.send_response(code)
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    request.wfile.write(content)


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
