"""Money is whole minor units with the currency beside it; Decimal only at the doors. A float never touches it.

The exponent of a currency is a table per source: Stripe's, Lago's and ISO's differ (facts: stripe "Currencies", lago "Currencies").
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

# Minor units per major unit, where it is not 100. Lago's table is the Ruby money gem's subunit_to_unit, which is why
# MGA and MRU count 5 and why HUF, ISK and UGX differ from Stripe by a factor of 100.
_ZERO = ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")
_ISO = dict.fromkeys((*_ZERO, "ISK", "UGX"), 1) | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 1000)
_STRIPE = dict.fromkeys((*_ZERO, "MGA"), 1) | dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 1000)
_LAGO = _ISO | {"HUF": 1, "MGA": 5, "MRU": 5, "CLF": 10000}
UNITS_PER_MAJOR: dict[str, dict[str, int]] = {"iso": _ISO, "stripe": _STRIPE, "lago": _LAGO}


def units_per_major(currency_code: str, source: str = "iso") -> int:
    """How many minor units of `currency_code` make one major unit, in the counting of `source` (iso, stripe, lago)."""
    return UNITS_PER_MAJOR[source].get(currency_code.upper(), 100)


def to_major(amount_minor: int, currency_code: str, source: str = "iso") -> Decimal:
    """Whole minor units as an exact Decimal of the major unit: 340346 CAD is Decimal("3403.46")."""
    units = units_per_major(currency_code, source)
    places = max(len(str(units)) - 1, 1 if units == 5 else 0)
    return (Decimal(amount_minor) / units).quantize(Decimal(1).scaleb(-places))


def to_minor(amount: Decimal | str | int, currency_code: str, source: str = "iso") -> int:
    """A Decimal (or its text) of the major unit as whole minor units; refuses what is not whole, rounds nothing.

    Raises ValueError for a float, and for an amount finer than the currency's minor unit.
    """
    if isinstance(amount, float):
        raise ValueError(f"The amount {amount!r} is a float; money is read as text or Decimal.")
    scaled = Decimal(amount) * units_per_major(currency_code, source)
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{amount} {currency_code} is finer than the currency's minor unit.")
    return int(scaled)


def round_minor(amount: Decimal) -> int:
    """An unrounded Decimal of minor units as whole ones, half away from zero (the rule of DuckDB's round on DECIMAL)."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def format_minor(amount_minor: int, currency_code: str) -> str:
    """For people: 340346, CAD -> "3,403.46 CAD"."""
    return f"{to_major(amount_minor, currency_code):,} {currency_code}"
