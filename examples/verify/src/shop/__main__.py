"""Names and quantities on the command line -> a receipt: ``python -m shop tea=2 bread=1``."""

from __future__ import annotations

import sys

from shop.basket import EMPTY, Basket
from shop.catalogue import UnknownProduct
from shop.receipt import make_receipt, render_receipt


def parse_basket(words: list[str]) -> Basket:
    """
    Read ``KEY=QUANTITY`` or ``KEY`` (one of it) a word.

    Raises:
        UnknownProduct: The shop does not sell it.
        ValueError: The quantity is no positive whole number.
    """
    basket = EMPTY
    for word in words:
        key, _, quantity = word.partition("=")
        basket = basket.add(key, int(quantity or 1))
    return basket


def main(words: list[str]) -> int:
    """Print the receipt; 2 when the words name no basket."""
    try:
        basket = parse_basket(words)
    except (UnknownProduct, ValueError) as problem:
        print(f"shop: {problem}", file=sys.stderr)
        return 2
    print(render_receipt(make_receipt(basket)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
