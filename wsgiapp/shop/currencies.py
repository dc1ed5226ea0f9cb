"""Shop layer 1: prices in another currency.

Rates are fixed and made up for the demonstration; what is bought is always paid in euros. Money is a whole number of
cents, and stays exact: a converted price is rounded to the nearest cent, half a cent up.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, NamedTuple, get_args

Code = Literal["EUR", "USD", "GBP"]
CODES: tuple[Code, ...] = get_args(Code)
HOME: Code = "EUR"


class Currency(NamedTuple):
    """What a currency is called and written with, and how much of it a euro is worth."""

    name: str
    sign: str
    rate: Decimal


CURRENCIES: dict[Code, Currency] = {
    "EUR": Currency("Euro", "€", Decimal("1.00")),
    "USD": Currency("US dollar", "$", Decimal("1.10")),
    "GBP": Currency("Pound sterling", "£", Decimal("0.85")),
}


def convert(cents: int, code: Code) -> int:
    """Return a price in euro cents as one in hundredths of another currency."""
    return int((cents * CURRENCIES[code].rate).quantize(Decimal(1), ROUND_HALF_UP))


def shown(cents: int, code: Code = HOME) -> str:
    """Return ``123456`` euro cents as ``€ 1,234.56``, or as the same in ``code``, with a space that does not break."""
    return f"{CURRENCIES[code].sign}\u00a0{convert(cents, code) / 100:,.2f}"
