"""The completeness certificate of a load: what the source says it has, beside what is here.

A source counts in two ways, and its claim does not say which: everything it has, or what it sent this time. A claim that
is larger than this load therefore speaks of the whole table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from nexabooks.money import UNITS_PER_MAJOR
from nexabooks.streams import Claim
from nexabooks.warehouse.raw_tables import columns_of
from nexabooks.warehouse.warehouse import quote


@dataclass(frozen=True)
class Measure:
    """How the amount, the currency and the month of a record are read here, independently of the source's own count."""

    total_minor: str
    currency_code: str
    month: str


def _units_per_major(currency: str) -> str:
    """How many minor units make one major unit in ISO's counting, as SQL over a currency column."""
    odd = " ".join(f"when '{code}' then {units}" for code, units in sorted(UNITS_PER_MAJOR["iso"].items()))
    return f"(case {currency} {odd} else 100 end)"


MEASURES: dict[tuple[str, str], Measure] = {
    ("stripe", "invoices"): Measure(
        "try_cast(payload ->> '$.total' as bigint)",
        "upper(coalesce(payload ->> '$.currency', ''))",
        "coalesce(strftime(to_timestamp(try_cast(payload ->> '$.created' as bigint)), '%Y-%m'), '')",
    ),
    ("lago", "invoices"): Measure(
        "try_cast(payload ->> '$.total_amount_cents' as bigint)",
        "upper(coalesce(payload ->> '$.currency', ''))",
        "coalesce(left(payload ->> '$.issuing_date', 7), '')",
    ),
    ("nexacloud", "invoices"): Measure(
        f"cast(subtotal * {_units_per_major('upper(currency)')} as bigint)",
        "upper(coalesce(currency, ''))",
        "coalesce(strftime(created_at, '%Y-%m'), '')",
    ),
}


@dataclass(frozen=True)
class Certificate:
    """One claim and its answer. `received_minor` is None where no sum was claimed or none is known here."""

    claim: Claim
    received_count: int
    received_minor: int | None
    is_equal: bool


def certify(
    con: duckdb.DuckDBPyConnection, source: str, claims: Sequence[Claim], seen: dict[str, str]
) -> list[Certificate]:
    """Answer each claim from the raw tables. `seen`: for each table of this load, the relation of its staged keys."""
    return [_certify(con, source, claim, seen.get(claim.table)) for claim in claims]


def _certify(con: duckdb.DuckDBPyConnection, source: str, claim: Claim, seen: str | None) -> Certificate:
    schema = f"raw_{source}"
    if not columns_of(con, schema, claim.table):
        return Certificate(claim, 0, None, claim.row_count == 0)
    relation = f"{quote(schema)}.{quote(claim.table)}"
    loaded = _figures(con, source, claim, f"{relation} where _key in (from {seen})") if seen else (0, None)
    received = (
        loaded if loaded[0] >= claim.row_count else _figures(con, source, claim, f"{relation} where not _deleted")
    )
    is_sum_equal = claim.total_minor is None or received[1] is None or received[1] == claim.total_minor
    return Certificate(claim, received[0], received[1], received[0] == claim.row_count and is_sum_equal)


def _figures(con: duckdb.DuckDBPyConnection, source: str, claim: Claim, rows: str) -> tuple[int, int | None]:
    """Count and sum (None when unknown) of `rows`, of the claim's currency and month."""
    measure = MEASURES.get((source, claim.table))
    conditions: list[str] = []
    params: list[Any] = []
    if measure and claim.month:
        conditions, params = [f"{measure.month} = ?"], [claim.month]
    if measure and claim.currency_code:
        conditions, params = [*conditions, f"{measure.currency_code} = ?"], [*params, claim.currency_code]
    total = f"coalesce(sum({measure.total_minor}), 0)" if measure and claim.total_minor is not None else "null"
    count, total_minor = con.execute(
        f"select count(*), cast({total} as bigint) from {rows} {''.join(f'and {c} ' for c in conditions)}", params
    ).fetchall()[0]
    return count, total_minor
