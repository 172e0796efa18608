"""Money is whole minor units; nothing is lost between the units of a source and those of a person."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexabooks.money import UNITS_PER_MAJOR, format_minor, round_minor, to_major, to_minor, units_per_major

SOURCES = st.sampled_from(sorted(UNITS_PER_MAJOR))
CURRENCIES = st.sampled_from(sorted({code for table in UNITS_PER_MAJOR.values() for code in table} | {"CAD", "EUR"}))
AMOUNTS = st.integers(-(10**15), 10**15)


@given(AMOUNTS, CURRENCIES, SOURCES)
def test_minor_to_major_and_back_is_the_same_amount(amount_minor, currency_code, source):
    """For every currency of every source, negative amounts too."""
    assert to_minor(to_major(amount_minor, currency_code, source), currency_code, source) == amount_minor


@pytest.mark.parametrize(
    ("source", "currency_code", "units"),
    [
        ("stripe", "CAD", 100),
        ("stripe", "jpy", 1),
        ("stripe", "KWD", 1000),
        ("stripe", "ISK", 100),
        ("stripe", "UGX", 100),
        ("stripe", "HUF", 100),
        ("stripe", "MGA", 1),
        ("lago", "ISK", 1),
        ("lago", "UGX", 1),
        ("lago", "HUF", 1),
        ("lago", "MGA", 5),
        ("lago", "CLF", 10000),
        ("iso", "ISK", 1),
        ("iso", "HUF", 100),
        ("iso", "IQD", 1000),
    ],
)
def test_a_currency_is_counted_as_its_source_counts_it(source, currency_code, units):
    """500000 ISK of Stripe are 5,000 krónur; of ISO's counting they would be half a million."""
    assert units_per_major(currency_code, source) == units


@pytest.mark.parametrize(
    ("amount", "currency_code", "minor"),
    [
        ("3403.46", "CAD", 340346),
        (Decimal("0.001"), "KWD", 1),
        (12, "JPY", 12),
        ("-0.01", "CAD", -1),
        ("1e2", "CAD", 10000),
    ],
)
def test_a_decimal_or_its_text_becomes_whole_minor_units(amount, currency_code, minor):
    """Text, Decimal and whole numbers are exact."""
    assert to_minor(amount, currency_code) == minor


@pytest.mark.parametrize(
    ("amount", "currency_code", "words"),
    [("0.001", "CAD", "finer"), ("0.5", "JPY", "finer"), (0.5, "CAD", "float")],
)
def test_what_is_not_whole_is_refused_and_not_rounded(amount, currency_code, words):
    """Who wants it rounded says so, in a named place."""
    with pytest.raises(ValueError, match=words):
        to_minor(amount, currency_code)


@pytest.mark.parametrize(
    ("amount", "rounded"), [("0.5", 1), ("-0.5", -1), ("1.5", 2), ("2.5", 3), ("2.4999", 2), ("-2.5", -3)]
)
def test_half_goes_away_from_zero(amount, rounded):
    """As round() of the database does on DECIMAL."""
    assert round_minor(Decimal(amount)) == rounded


@pytest.mark.parametrize(
    ("amount_minor", "currency_code", "text"),
    [
        (340346, "CAD", "3,403.46 CAD"),
        (-5, "CAD", "-0.05 CAD"),
        (1234567, "JPY", "1,234,567 JPY"),
        (1, "KWD", "0.001 KWD"),
    ],
)
def test_people_read_the_major_unit(amount_minor, currency_code, text):
    """With the currency's own decimals."""
    assert format_minor(amount_minor, currency_code) == text
