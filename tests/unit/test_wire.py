"""Messages come out of their bytes as they went in, however the bytes are cut."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from verifyd.edge.wire import Unpacker, pack

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
messages = st.dictionaries(st.text(max_size=5), values, max_size=4)


@given(st.lists(messages, max_size=5), st.lists(st.integers(min_value=1, max_value=9)))
def test_any_cut_gives_the_same_messages(sent: list[dict[str, Any]], cuts: list[int]) -> None:
    """Messages that arrive in any portions are complete, in order, and nothing is left."""
    stream = b"".join(map(pack, sent))
    unpacker = Unpacker()
    received: list[dict[str, Any]] = []
    while stream:
        size = cuts.pop() if cuts else len(stream)
        received.extend(unpacker.feed(stream[:size]))
        stream = stream[size:]
    assert received == sent


def test_names_that_are_not_utf8_stay_what_they_are() -> None:
    """What os.fsdecode makes of any bytes goes through unchanged."""
    (received,) = Unpacker().feed(pack({"path": "\udcff\udc80"}))
    assert received == {"path": "\udcff\udc80"}


def test_half_a_message_is_none() -> None:
    """Nothing comes out before a message is whole."""
    assert list(Unpacker().feed(pack({"stop": True})[:-1])) == []
