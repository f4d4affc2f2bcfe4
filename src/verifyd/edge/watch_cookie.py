"""A file of our own that is written to see whether the system tells of it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from verifyd.edge.watched_places import Places

_numbers = itertools.count()


def cookie_folder(places: Places) -> str:
    """Where cookies are written; made when it is missing. OSError when it cannot be."""
    folder = f"{places.own_folder}/watch"
    os.makedirs(folder, mode=0o700, exist_ok=True)
    return folder


@contextmanager
def cookie(places: Places) -> Iterator[str]:
    """
    Write a file that was never there before; gone afterwards.

    Raises:
        OSError: It cannot be written.
    """
    path = f"{cookie_folder(places)}/cookie-{os.getpid()}-{next(_numbers)}"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        yield path
    finally:
        with suppress(OSError):
            os.unlink(path)
