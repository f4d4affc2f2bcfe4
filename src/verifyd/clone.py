"""What a clone holds of the commits that a change may be counted from, and which of them it is counted from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field


class Found(Struct, frozen=True, kw_only=True):
    """
    A commit that is here.

    Attributes:
        tree: Id of its tree.
        parted: Where HEAD and it part; None where they have no commit in common here.
    """

    commit: str
    tree: str | None
    parted: str | None


class Clone(Struct, frozen=True, kw_only=True):
    """
    What is here.

    Attributes:
        head: HEAD's commit; None when unborn.
        head_tree: Id of its tree.
        parents: HEAD's, by what its object says: a shallow clone names those too that it does not hold.
        found: Those that were looked for and are here, by the name they were looked for.
        is_shallow: Whether history was cut off.
    """

    head: str | None = None
    head_tree: str | None = None
    parents: tuple[str, ...] = ()
    found: Mapping[str, Found] = field(default_factory=dict)
    is_shallow: bool = False


class Missing(Struct, frozen=True, kw_only=True):
    """
    Why there is no base.

    Attributes:
        name: What was looked for.
        unrelated: Whether it is here, but has no commit in common with HEAD here.
    """

    name: str
    unrelated: bool = False


def names_to_look_for(clone: Clone, bases: Sequence[str], merged: str | None) -> tuple[str, ...]:
    """
    The names that may be the base, the best first.

    Where the host made HEAD by merging *merged* into the target, HEAD's first parent is that target, and nothing else is.
    """
    if merged is not None and len(clone.parents) == 2 and clone.parents[1] == merged:
        return (clone.parents[0],)
    return tuple(bases)


def choose_base(clone: Clone, names: Sequence[str]) -> str | Missing | None:
    """The commit where the change begins; Missing where one was wanted and is not here; None where none was wanted."""
    for name in names:
        found = clone.found.get(name)
        if found is not None and found.parted is not None:
            return found.parted
    unrelated = next((name for name in names if name in clone.found), None)
    if unrelated is not None:
        return Missing(name=unrelated, unrelated=True)
    return Missing(name=names[0]) if names else None
