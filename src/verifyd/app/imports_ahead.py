"""Modules imported in a thread while the main one waits for git or for gates: importing is most of what starting costs."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Sequence
from contextlib import suppress


def import_ahead(names: Sequence[str]) -> None:
    """Begin to import these; whoever needs one of them earlier waits for it, or imports it himself."""
    threading.Thread(target=import_all, args=(names,), daemon=True).start()


def import_all(names: Sequence[str]) -> None:
    """One after the other; what cannot be imported is left to the one who needs it, who then says why."""
    for name in names:
        with suppress(Exception):
            importlib.import_module(name)
