"""Which of the commits in a clone a change is counted from."""

from __future__ import annotations

import pytest

from verifyd.clone import Clone, Found, Missing, choose_base, names_to_look_for

A, B, C, D = ("a1" * 20, "b2" * 20, "c3" * 20, "d4" * 20)


def test_the_first_parent_of_the_hosts_own_merge_is_the_base() -> None:
    """Nothing else is looked for then: the payload's base may be older."""
    assert names_to_look_for(Clone(head=A, parents=(B, C)), ("origin/main", D), C) == (B,)


@pytest.mark.parametrize("parents, merged", [((B, D), C), ((B,), C), ((B, C), None), ((), C), ((B, C, D), C)])
def test_any_other_head_is_counted_from_what_the_host_names(parents: tuple[str, ...], merged: str | None) -> None:
    """A merge of something else, a plain commit, no merge at all."""
    assert names_to_look_for(Clone(head=A, parents=parents), ("origin/main", D), merged) == ("origin/main", D)


@pytest.mark.parametrize(
    "found, expected",
    [
        ({"x": Found(commit=B, tree=D, parted=C), "y": Found(commit=D, tree=D, parted=D)}, C),
        ({"y": Found(commit=D, tree=D, parted=B)}, B),
        ({"x": Found(commit=B, tree=D, parted=None), "y": Found(commit=D, tree=D, parted=A)}, A),
        ({"x": Found(commit=B, tree=D, parted=None)}, Missing(name="x", unrelated=True)),
        ({"y": Found(commit=B, tree=D, parted=None)}, Missing(name="y", unrelated=True)),
        ({}, Missing(name="x")),
    ],
)
def test_the_first_name_that_is_here_and_related_is_the_base(found: dict[str, Found], expected: str | Missing) -> None:
    """The base is where the two part; what is missing is told apart from what is unrelated."""
    assert choose_base(Clone(head=A, found=found), ("x", "y")) == expected


def test_where_nothing_is_looked_for_there_is_no_base() -> None:
    """A tag, a schedule, the first push of all."""
    assert choose_base(Clone(head=A), ()) is None
