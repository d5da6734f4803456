"""The kinds of errands, a module each: every module of this package is imported, and registers itself."""

from __future__ import annotations

import pkgutil
from importlib import import_module


def load() -> None:
    """Import them all, so that whoever is forked afterwards has them."""
    for module in pkgutil.iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
