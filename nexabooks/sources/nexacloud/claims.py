"""What PostgreSQL itself counts and sums of a table, in the same snapshot as the rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from typing import Any

from nexabooks.errors import SourceContractBroken
from nexabooks.money import to_minor
from nexabooks.streams import Claim, Stream

Ask = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]  # SQL and its parameters -> rows


def claims_of(
    stream: Stream,
    table_sql: str,
    where_sql: str,
    parameters: Sequence[Any],
    ask: Ask,
    unbounded: Collection[str] = (),
) -> tuple[Claim, ...]:
    """One claim for the table; for invoices one a currency and month of `created_at` (UTC) with the sum of `subtotal`.

    `unbounded`: the columns whose PostgreSQL type allows more decimals than the declared one; the same scan looks for
    such numbers, which landing would round without a word. Raises SourceContractBroken naming the column and how many.
    """
    scales = [(c, int(kind[:-1].split(",")[1])) for c, kind in stream.columns if c in unbounded]
    finer = [f'count(*) filter (where "{column}" <> round("{column}", {scale}))' for column, scale in scales]
    grouped = ["''", "null", "null"]
    if stream.name == "invoices":
        # By bare column and day, and worded and added up afterwards: a zone's name and date_trunc() a row would double
        # the time, and so would upper().
        grouped = ["currency", "(created_at at time zone interval '0')::date", "sum(subtotal)"]
    rows = ask(
        f"select {', '.join([*grouped, 'count(*)', *finer])} from {table_sql} {where_sql} "
        + ("group by 1, 2" if stream.name == "invoices" else ""),
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
    if stream.name != "invoices" or not rows:
        return (Claim(stream.name, sum(row[3] for row in rows)),)
    counts: dict[tuple[str, str], int] = defaultdict(int)
    totals: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for currency, day, subtotal, count, *_ in rows:
        where = ((currency or "").upper(), f"{day:%Y-%m}" if day else "")
        counts[where] += count
        totals[where] += subtotal or 0
    return tuple(Claim(stream.name, counts[w], _minor(totals[w], w[0]), w[0], w[1]) for w in sorted(counts))


def _minor(amount: Decimal, currency_code: str) -> int | None:
    """The sum in ISO's minor units; None where it is finer than the currency (10.50 JPY)."""
    try:
        return to_minor(amount, currency_code)
    except ValueError:
        return None
