"""Stands in for npm where there is none: `npm view PACKAGE@TAG version --json`, and `npm install --global`.

It asks the registry that `NPM_CONFIG_REGISTRY` names, and does and says what npm 11.19 was seen to.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

_LOG = "npm error A complete log of this run can be found in: {}/.npm/_logs/debug-0.log"


def place(folder: Path, python: str | Path = sys.executable) -> None:
    """Put it into a folder, as `npm`."""
    program = folder / "npm"
    program.write_text(f'#!/bin/sh\nexec {python} -I {__file__} "$@"\n')
    program.chmod(0o755)


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["view", "install"])
    parser.add_argument("words", nargs="+")
    parser.add_argument("--global", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--prefix", type=Path)
    # Nobody has asked it for anything else than its real counterpart knows.
    for option in ("--allow-scripts", "--loglevel"):
        parser.add_argument(option)
    for option in ("--no-audit", "--no-fund", "--no-update-notifier"):
        parser.add_argument(option, action="store_true")
    given = parser.parse_args()
    name, _, wanted = given.words[0].rpartition("@")
    found = _find(name, wanted)
    if given.command == "view":
        print(json.dumps(found["version"]))
    else:
        _install(name, found, given.prefix)
        print("\nadded 1 package in 1s")


def _find(name: str, wanted: str) -> dict[str, Any]:
    registry = os.environ["NPM_CONFIG_REGISTRY"]
    try:
        packument = json.loads(_fetch(f"{registry}/{urllib.parse.quote(name, safe='@')}"))
    except urllib.error.URLError as error:
        refused = isinstance(error.reason, ConnectionRefusedError)
        host = urllib.parse.urlsplit(registry).netloc
        _fail(
            "code ECONNREFUSED" if refused else "code E404",
            f"FetchError: request to {registry}/{name} failed, reason: connect ECONNREFUSED {host}",
            "    at ClientRequest.<anonymous> (index.js:130:14) {",
            "  code: 'ECONNREFUSED',",
            "}",
        )
    version = packument["dist-tags"].get(wanted, wanted)
    if version not in packument["versions"]:
        _fail("code ETARGET", f"notarget No matching version found for {name}@{wanted}.")
    found: dict[str, Any] = packument["versions"][version]
    return found


def _install(name: str, found: dict[str, Any], prefix: Path) -> None:
    """As npm does: the old one is taken away, then the new one is unpacked, linked, and its script is run."""
    package = prefix / "lib" / "node_modules" / name
    shutil.rmtree(package, ignore_errors=True)
    package.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(_fetch(found["dist"]["tarball"]))) as tar:
        for entry in tar:
            path = package / entry.name.removeprefix("package/")
            path.parent.mkdir(exist_ok=True)
            content = tar.extractfile(entry)
            path.write_bytes(content.read() if content is not None else b"")
            path.chmod(entry.mode)
    for link, program in found["bin"].items():
        path = prefix / "bin" / link
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(os.path.relpath(package / program, path.parent))
    script = json.loads((package / "package.json").read_text())["scripts"]["postinstall"]
    if os.environ.get("NPM_CONFIG_IGNORE_SCRIPTS") != "true":
        subprocess.run(["sh", "-c", script], cwd=package, check=True)


def _fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        content: bytes = answer.read()
    return content


def _fail(*lines: str) -> None:
    for line in (*lines, ""):
        print(f"npm error {line}".rstrip(), file=sys.stderr)
    print(_LOG.format(os.environ.get("HOME", "")), file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main()
