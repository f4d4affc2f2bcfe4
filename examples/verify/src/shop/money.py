"""Amounts of money, always whole pence, as text."""

from __future__ import annotations


def format_price(pence: int) -> str:
    """Write pence as pounds: 1205 is ``£12.05``, -240 is ``-£2.40``."""
    pounds, rest = divmod(abs(pence), 100)
    return f"{'-' if pence < 0 else ''}£{pounds}.{rest:02}"
