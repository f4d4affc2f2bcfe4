"""Tests of shop.receipt and of the command line."""

from __future__ import annotations

import pytest

from shop.__main__ import main
from shop.basket import EMPTY
from shop.receipt import DELIVERY_P, make_receipt


def test_a_small_basket_pays_for_delivery() -> None:
    receipt = make_receipt(EMPTY.add("bread").add("milk"))
    assert (receipt.goods_p, receipt.delivery_p, receipt.total_p) == (490, DELIVERY_P, 840)


def test_delivery_is_free_from_25_pounds() -> None:
    assert make_receipt(EMPTY.add("bread", 9)).delivery_p == 0


def test_an_empty_basket_costs_nothing() -> None:
    assert make_receipt(EMPTY).total_p == 0


def test_the_command_line_prints_the_slip(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bread", "milk=2"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "1 x Rye bread            £3.10",
        "2 x Oat milk             £3.60",
        "Delivery                 £3.50",
        "To pay                  £10.20",
    ]


@pytest.mark.parametrize(
    ("word", "message"),
    [("coffee", "shop: no product 'coffee'\n"), ("tea=-1", "shop: cannot add -1 of 'tea'\n")],
)
def test_the_command_line_says_what_is_wrong(
    word: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word]) == 2
    assert capsys.readouterr().err == message
