"""What PostgreSQL itself counts and sums of a table, in the same snapshot as the rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nexabooks.errors import SourceContractBroken
from nexabooks.money import to_minor
from nexabooks.streams import Claim, Stream

Ask = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]  # SQL and its parameters -> rows


def claims_of(stream: Stream, table_sql: str, where_sql: str, parameters: Sequence[Any], ask: Ask) -> tuple[Claim, ...]:
    """One claim for the table; for invoices one a currency and month of `created_at` (UTC) with the sum of `subtotal`.

    In the same scan every number is held against the decimals of its declared type: a finer one would be rounded on
    landing without a word. Raises SourceContractBroken naming the column and how many rows.
    """
    scales = [(column, int(kind[:-1].split(",")[1])) for column, kind in stream.columns if kind.startswith("DECIMAL")]
    finer = [f'count(*) filter (where "{column}" <> round("{column}", {scale}))' for column, scale in scales]
    where_of = ["''", "''", "null"]
    if stream.name == "invoices":
        where_of = [
            "upper(coalesce(currency, ''))",
            "coalesce(to_char(created_at at time zone 'UTC', 'YYYY-MM'), '')",
            "coalesce(sum(subtotal), 0)::text",
        ]
    rows = ask(
        f"select {', '.join([*where_of, 'count(*)', *finer])} from {table_sql} {where_sql} "
        + ("group by 1, 2 order by 1, 2" if stream.name == "invoices" else ""),
        parameters,
    )
    for at, (column, scale) in enumerate(scales, start=4):
        count = sum(row[at] for row in rows)
        if count:
            raise SourceContractBroken(
                f"NexaCloud's {stream.name}.{column} has {count} rows with more than {scale} decimals; landing them would "
                "round them. Another attempt will not help.",
                source="nexacloud",
                record=stream.name,
            )
    if not rows:
        return (Claim(stream.name, 0),)
    return tuple(Claim(stream.name, row[3], _minor(row[2], row[0]), row[0], row[1]) for row in rows)


def _minor(amount: str | None, currency_code: str) -> int | None:
    """The sum in ISO's minor units; None where there is none, or where it is finer than the currency (10.50 JPY)."""
    if amount is None:
        return None
    try:
        return to_minor(amount, currency_code)
    except ValueError:
        return None
