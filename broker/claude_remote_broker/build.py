"""What the installed code is called: another version, or other files, are another build."""

from __future__ import annotations

from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from claude_remote.version import VERSION

# All that a zygote imports of ours.
_PACKAGES = ("claude_remote", "claude_remote_workers")


def find_build() -> str:
    """Version and a hash of the names, sizes and times of the files that workers are made of."""
    digest = sha256()
    for package in _PACKAGES:
        spec = find_spec(package)
        for folder in [] if spec is None else spec.submodule_search_locations or []:
            for path in sorted(Path(folder).rglob("*.py")):
                status = path.stat()
                digest.update(f"{path.relative_to(folder)} {status.st_size} {status.st_mtime_ns}\n".encode())
    return f"{VERSION}+{digest.hexdigest()[:16]}"
