"""What a customer has picked up so far."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shop.catalogue import Product, find_product


@dataclass(frozen=True, slots=True)
class Line:
    """Some of one product; *quantity* is 1 or more."""

    product: Product
    quantity: int

    @property
    def price_p(self) -> int:
        """The price of the whole line in pence, before offers."""
        return self.product.price_p * self.quantity


@dataclass(frozen=True, slots=True)
class Basket:
    """Lines in the order in which their products were first picked up, one a product."""

    lines: tuple[Line, ...] = ()

    def add(self, key: str, quantity: int = 1) -> Basket:
        """Make a basket with *quantity* more of a product; raises UnknownProduct, ValueError below 1."""
        if quantity < 1:
            raise ValueError(f"cannot add {quantity} of {key!r}")
        product = find_product(key)
        for place, line in enumerate(self.lines):
            if line.product == product:
                more = replace(line, quantity=line.quantity + quantity)
                return Basket((*self.lines[:place], more, *self.lines[place + 1 :]))
        return Basket((*self.lines, Line(product, quantity)))


EMPTY = Basket()
