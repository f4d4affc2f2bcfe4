"""Tests of shop.export."""

from __future__ import annotations

from pathlib import Path

from shop.export import render_products

STORED = Path(__file__).parents[1] / "web" / "products.json"


def test_the_page_has_the_shops_prices() -> None:
    stored = STORED.read_text(encoding="utf-8")
    assert stored == render_products(), "stale; run: python -m shop.export > web/products.json"
