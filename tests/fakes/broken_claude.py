"""Programs in claude's place that answer the server's questions at its start, and then go wrong."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.claude import claude_program


def broken_claude(folder: Path, instead: str) -> Path:
    """A claude that is the real one for `-v` and `auth`, and for a session runs a shell command `instead`."""
    program = folder / "broken-claude"
    program.write_text(
        f'#!/bin/sh\ncase "$1" in -v|--version|auth) exec {claude_program()} "$@" ;; esac\n{instead}\n'
    )
    program.chmod(0o755)
    return program
