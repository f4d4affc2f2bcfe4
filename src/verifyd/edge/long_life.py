"""Keeps a process small that lives for weeks, where a command that soon ends is quicker without it."""

from __future__ import annotations

import gc

from verifyd.edge.linux import keep_heap_small

OBJECTS_BETWEEN_COLLECTIONS = 2_000
"""What is made in a second or two of work, so that objects in a circle do not wait for hours until they are found."""


def begin_long_life() -> None:
    """
    Have memory given back that is not needed any more. What is there already is taken to stay.

    A command looks for garbage so seldom (``end_with_exit_code``) that in a daemon most of it would never be found. What stays
    is never looked through, so that a collection takes a millisecond instead of thirty.
    """
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    keep_heap_small()
