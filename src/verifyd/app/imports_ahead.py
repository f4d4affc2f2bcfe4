"""Modules imported in a thread while the main one waits for git or for gates: importing is most of what starting costs."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Sequence
from contextlib import suppress


def import_ahead(names: Sequence[str]) -> None:
    """
    Begin to import these; whoever needs one of them earlier waits for it, or imports it himself.

    The process does not end before the thread does: an interpreter that ends while another thread loads a library crashes.
    """
    threading.Thread(target=import_all, args=(names,)).start()


def import_all(names: Sequence[str]) -> None:
    """One after the other while the main thread lives; what cannot be imported is left to the one who needs it, who says why."""
    for name in names:
        if not threading.main_thread().is_alive():
            return
        with suppress(Exception):
            importlib.import_module(name)
