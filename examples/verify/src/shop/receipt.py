"""A basket -> what the customer pays, and the slip of paper that says so."""

from __future__ import annotations

from dataclasses import dataclass

from shop.basket import Basket, Line
from shop.money import format_price

DELIVERY_P = 350
FREE_DELIVERY_FROM_P = 2500


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a basket costs; *goods_p* and *delivery_p* are pence."""

    lines: tuple[Line, ...]
    goods_p: int
    delivery_p: int

    @property
    def total_p(self) -> int:
        """What the customer pays, in pence."""
        return self.goods_p + self.delivery_p


def make_receipt(basket: Basket) -> Receipt:
    """Add up a basket; delivery is free for an empty one and from FREE_DELIVERY_FROM_P on."""
    goods_p = sum(line.price_p for line in basket.lines)
    free = goods_p == 0 or goods_p >= FREE_DELIVERY_FROM_P
    return Receipt(basket.lines, goods_p, 0 if free else DELIVERY_P)


def render_receipt(receipt: Receipt) -> str:
    """Write the slip, one row a line, prices flush right."""
    rows = [(f"{line.quantity} x {line.product.name}", line.price_p) for line in receipt.lines]
    rows += [("Delivery", receipt.delivery_p), ("To pay", receipt.total_p)]
    return "\n".join(f"{what:<20}{format_price(pence):>10}" for what, pence in rows)
