"""The catalogue -> the page's product list: ``python -m shop.export > web/products.json``."""

from __future__ import annotations

import json
from dataclasses import asdict

from shop.catalogue import PRODUCTS


def render_products() -> str:
    """Write all products as a JSON list with a final newline."""
    return json.dumps([asdict(product) for product in PRODUCTS], indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(render_products(), end="")
