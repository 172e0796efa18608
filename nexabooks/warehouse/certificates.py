"""The completeness certificate of a load: what the source says it has, beside what is here.

A source counts in two ways, and its claim does not say which: everything it has, or what it sent this time. A claim that
is larger than this load therefore speaks of the whole table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
        # UTC by arithmetic: asking the calendar of time zones for every row cost as much as counting distinct keys.
        "coalesce(strftime(make_timestamp(epoch_us(created_at)), '%Y-%m'), '')",
    ),
}


@dataclass(frozen=True)
class Certificate:
    """One claim and its answer. `received_minor` is None where no sum was claimed or none is known here."""

    claim: Claim
    received_count: int
    received_minor: int | None
    is_equal: bool


Group = tuple[str, str, int, int | None]  # currency, month, how many rows, their sum (None when unknown)


def certify(
    con: duckdb.DuckDBPyConnection, source: str, claims: Sequence[Claim], seen: Mapping[str, str]
) -> list[Certificate]:
    """Answer each claim from the raw tables. `seen`: for each table of this load, the relation of the rows it brought."""
    certificates = []
    for table in dict.fromkeys(claim.table for claim in claims):
        certificates += _certify(con, source, table, [c for c in claims if c.table == table], seen.get(table))
    return certificates


def _certify(
    con: duckdb.DuckDBPyConnection, source: str, table: str, claims: Sequence[Claim], seen: str | None
) -> list[Certificate]:
    """All claims about one table: each relation is read once, however many months are claimed."""
    schema = f"raw_{source}"
    if not columns_of(con, schema, table):
        return [Certificate(claim, 0, None, claim.row_count == 0) for claim in claims]
    measure = (
        MEASURES.get((source, table)) if any(c.month or c.currency_code or c.total_minor for c in claims) else None
    )
    loaded = _groups(con, measure, seen) if seen else []
    whole: list[Group] | None = None
    certificates = []
    for claim in claims:
        received = _figures(loaded, claim, measure)
        if received[0] < claim.row_count:
            whole = whole or _groups(con, measure, f"{quote(schema)}.{quote(table)} where not _deleted")
            received = _figures(whole, claim, measure)
        is_sum_equal = claim.total_minor is None or received[1] is None or received[1] == claim.total_minor
        certificates.append(Certificate(claim, *received, received[0] == claim.row_count and is_sum_equal))
    return certificates


def _groups(con: duckdb.DuckDBPyConnection, measure: Measure | None, rows: str) -> list[Group]:
    """The rows by currency and month; one group when nothing of the kind is asked."""
    if measure is None:
        return [("", "", con.execute(f"select count(*) from {rows}").fetchall()[0][0], None)]
    return con.execute(
        f"select {measure.currency_code}, {measure.month}, count(*), cast(coalesce(sum({measure.total_minor}), 0) as bigint) "
        f"from {rows} group by 1, 2"
    ).fetchall()


def _figures(groups: Sequence[Group], claim: Claim, measure: Measure | None) -> tuple[int, int | None]:
    """Count and sum (None when not claimed or unknown) of the claim's currency and month."""
    mine = [
        group
        for group in groups
        if measure is None or (claim.currency_code in ("", group[0]) and claim.month in ("", group[1]))
    ]
    is_known = measure is not None and claim.total_minor is not None
    return sum(g[2] for g in mine), sum(g[3] or 0 for g in mine) if is_known else None
