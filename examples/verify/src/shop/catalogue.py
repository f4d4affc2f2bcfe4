"""What the shop sells, and for how much."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Product:
    """One thing on the shelf; *key* is what people type, *price_p* is the price of one in pence."""

    key: str
    name: str
    price_p: int


PRODUCTS = (
    Product("bread", "Rye bread", 310),
    Product("eggs", "Six eggs", 215),
    Product("milk", "Oat milk", 180),
    Product("tea", "Black tea", 240),
)


class UnknownProduct(Exception):
    """Nothing in the shop has this key."""

    def __init__(self, key: str) -> None:
        nearest = get_close_matches(key, [product.key for product in PRODUCTS], n=1)
        super().__init__(f"no product {key!r}" + (f", did you mean {nearest[0]!r}?" if nearest else ""))


def find_product(key: str) -> Product:
    """Find a product by its key, or raise UnknownProduct with the nearest spelling."""
    for product in PRODUCTS:
        if product.key == key:
            return product
    raise UnknownProduct(key)
