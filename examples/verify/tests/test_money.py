"""Tests of shop.money."""

from __future__ import annotations

import pytest

from shop.money import format_price


@pytest.mark.parametrize(("pence", "text"), [(0, "£0.00"), (5, "£0.05"), (1205, "£12.05"), (-240, "-£2.40")])
def test_a_price_has_two_places_after_the_point(pence: int, text: str) -> None:
    assert format_price(pence) == text
