"""A word that nothing is called in, the nearest word that something is called out."""

from __future__ import annotations

from collections.abc import Iterable


def nearest_of(word: str, known: Iterable[str]) -> str:
    """``Did you mean 'timeout'?``; empty when nothing is near."""
    import difflib  # for a word that is wrong alone

    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"Did you mean {found[0]!r}?" if found else ""
