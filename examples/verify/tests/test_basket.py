"""Tests of shop.basket and shop.catalogue."""

from __future__ import annotations

import pytest

from shop.basket import EMPTY
from shop.catalogue import UnknownProduct


def test_the_same_product_twice_is_one_line() -> None:
    basket = EMPTY.add("tea").add("milk").add("tea", 2)
    assert [(line.product.key, line.quantity) for line in basket.lines] == [("tea", 3), ("milk", 1)]


def test_a_line_costs_its_quantity_times_the_price() -> None:
    assert EMPTY.add("bread", 4).lines[0].price_p == 1240


def test_adding_leaves_the_basket_it_started_from_alone() -> None:
    before = EMPTY.add("tea")
    before.add("milk")
    assert [line.product.key for line in before.lines] == ["tea"]


def test_an_unknown_product_is_refused_with_the_nearest_spelling() -> None:
    with pytest.raises(UnknownProduct, match="^no product 'mlik', did you mean 'milk'\\?$"):
        EMPTY.add("mlik")


def test_a_quantity_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="^cannot add 0 of 'tea'$"):
        EMPTY.add("tea", 0)
