"""Tests of the page, as a visitor."""

from __future__ import annotations

from playwright.sync_api import Page, expect

expect.set_options(timeout=5_000)


def test_the_shelf_shows_every_product_with_its_price(page: Page) -> None:
    expect(page.locator("#shelf .name")).to_have_text(
        ["Rye bread, £3.10", "Six eggs, £2.15", "Oat milk, £1.80", "Black tea, £2.40"]
    )


def test_picking_adds_up_the_goods(page: Page) -> None:
    page.locator("#tea").get_by_role("button", name="Add").click(click_count=2)
    page.locator("#bread").get_by_role("button", name="Add").click()
    expect(page.locator("#tea .quantity")).to_have_text("2")
    expect(page.locator("#goods")).to_have_text("£7.90")


def test_emptying_the_basket_starts_again(page: Page) -> None:
    page.locator("#milk").get_by_role("button", name="Add").click()
    page.get_by_role("button", name="Empty the basket").click()
    expect(page.locator("#goods")).to_have_text("£0.00")
    expect(page.get_by_role("button", name="Empty the basket")).to_be_disabled()
