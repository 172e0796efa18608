"""`nexabooks explain`: one invoice or credit note from its raw record to the ledger, with each rule that touched it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import orjson

from nexabooks.cli.console import console, heading, print_json, print_rows, print_text
from nexabooks.errors import PermanentError
from nexabooks.ops import open_ops
from nexabooks.settings import load_settings
from nexabooks.warehouse import Warehouse, open_warehouse


@dataclass(frozen=True, slots=True)
class Station:
    """One stop on the road. In `sql`, $source, $id and $kind are the document's source system, id and kind, $cloud NexaCloud's
    id, and {raw} its own source's table: a station that names it has no rows for a document without a source that is known."""

    name: str
    says: str
    sql: str


# Along the road of a row. Every station is a question that a person could ask the warehouse himself.
ROAD = (
    Station(
        "nexacloud",
        "What NexaCloud says. Its created_at, status and paid_at are stamped by a synchronisation and never trusted.",
        "select invoice_number, stripe_invoice_id, status, created_at, paid_at, subtotal, tax, currency, subscription_id, _landed_at, "
        "_load_id "
        "from raw_nexacloud.invoices where id = $cloud",
    ),
    Station(
        "raw",
        "The record as its own source sent it: which load brought it, and its hash. --raw shows the record itself.",
        "select _key, _hash, _landed_at, _load_id, _deleted, strlen(payload) as byte_count, payload as record from {raw} "
        "where _key = $id",
    ),
    Station(
        "versions",
        "Earlier versions of that record.",
        "select _hash, _landed_at, _load_id from {raw}__versions where _key = $id order by _landed_at",
    ),
    Station(
        "verdict",
        "What the source's own figures say, and whether they agree with each other.",
        "select source_status, verdict, verdict_reason, invoiced_on, paid_on, corrects_source_invoice_id, currency_code, subtotal_minor, "
        "tax_minor, total_minor, paid_minor from marts.fct_invoices "
        "where source_system = $source and source_invoice_id = $id and kind = $kind",
    ),
    Station(
        "lines",
        "Each line, the family it belongs to and the rule that put it there, and its taxes.",
        "select line_position, description, service_family, family_rule, is_proration, amount_minor, currency_code, tax_codes "
        "from marts.fct_invoice_lines where source_system = $source and source_invoice_id = $id and kind = $kind order by line_position",
    ),
    Station(
        "reconciliation",
        "Expected beside billed, in each row that this invoice is part of: how many invoices the row is made of, what they billed "
        "together, and what of it this one billed.",
        "select class, difference_class, subscription_id, period_start_on, month, expected_minor, billed_minor, difference_minor, "
        "len(string_split(invoice_ids, ',')) as invoice_count, "
        "(select cast(sum(amount_minor) as bigint) from intermediate.int_billed_items as items "
        "where items.source_system = $source and items.source_invoice_id = $id and items.service = billed.service "
        "and items.currency_code = billed.currency_code and items.subscription_id is not distinct from billed.subscription_id "
        "and strftime(timezone(time_zone, period_start_at), '%Y-%m') is not distinct from month "
        "and (period_start_on is null or cast(timezone(time_zone, period_start_at) as date) = period_start_on)) "
        "as by_this_invoice_minor, currency_code "
        "from finance.reconciliation as billed where list_contains(string_split(invoice_ids, ','), $id)",
    ),
    Station(
        "outbound",
        "What is asked of the ledger.",
        "select is_postable, park_reason, customer_id, source_rate, no_rate_reason, content_hash from outbound.out_odoo__invoices "
        "where source_system = $source and source_invoice_id = $id and kind = $kind",
    ),
    Station(
        "ledger",
        "What Odoo holds, as read back.",
        "select ledger_state, move_name, payment_state, ledger_date, total_minor, ledger_total_minor, difference_minor, currency_code "
        "from finance.ledger_check where source_system = $source and source_invoice_id = $id and kind = $kind",
    ),
    Station(
        "payments",
        "The money and the customer's credit that moved for it, by which route, and why a movement is not booked.",
        "select movement, payment_id, route, paid_on, amount_minor, currency_code, is_bookable, held_reason from finance.payments "
        "where source_system = $source and source_invoice_id = $id and kind = $kind order by paid_on, payment_id",
    ),
    Station(
        "breaks",
        "What waits for a person, and what one resolved.",
        # The row of a delta is of a service, and of each invoice of its period.
        "select class, says, first_seen_on, age_days, resolution from finance.breaks "
        "where list_contains(string_split(source_invoice_id, ','), $id) and (source_system = $source or starts_with(class, 'delta_')) "
        "order by first_seen_on, break_key",
    ),
)


def show_explanation(invoice: str, *, as_json: bool, with_record: bool = False) -> None:
    """Every station of one invoice or credit note; in JSON, or `with_record`, also the record, in the digits in which its source sent it.

    Raises PermanentError when nothing is known by that name.
    """
    settings = load_settings()
    with open_warehouse(settings.warehouse_path, read_only=True) as db:
        found = find(db, invoice)
        answers = [(station, ask(db, station, found)) for station in ROAD]
    with open_ops(settings.ops_store_url, now=settings.now) as ops:
        receipts = ops.receipts_of(found["source_system"], found["source_invoice_id"])
    if as_json:
        for row in {station.name: rows for station, rows in answers}["raw"]:
            row["record"] = orjson.Fragment(row["record"])
        print_json(dict(found) | {station.name: rows for station, rows in answers} | {"receipts": receipts})
        return
    heading(
        f"{found['invoice_number'] or found['source_invoice_id']} ({found['source_system']} {found['source_invoice_id']})"
    )
    for station, rows in answers:
        heading(station.name)
        console.print(f"  {station.says}", markup=False)
        records = [row.pop("record") for row in rows if "record" in row]
        if len(rows) == 1:
            print_rows([{"what": k, "value": v} for k, v in shown(rows[0]).items()], columns={"what": "", "value": ""})
        else:
            print_rows(rows)
        for record in records if with_record else []:
            print_text(msgspec.json.format(record, indent=2))
    heading("receipts")
    console.print("  What was done in Odoo, as read back.", markup=False)
    print_rows(
        receipts,
        columns={
            "at": "at",
            "action": "action",
            "outcome": "outcome",
            "odoo_model": "model",
            "odoo_id": "id",
            "says": "says",
        },
    )


def find(db: Warehouse, name: str) -> dict[str, Any]:
    """The one invoice or credit note with this source id, NexaCloud id or number."""
    rows = db.rows(
        "select source_system, source_invoice_id, kind, coalesce(nexacloud_invoice_id, '') as nexacloud_invoice_id, invoice_number "
        "from marts.fct_invoices "
        "where source_invoice_id = $1 or nexacloud_invoice_id = $1 or invoice_number = $1 or 'lago:' || source_invoice_id = $1",
        [name],
    )
    if len(rows) != 1:
        known = f"{len(rows)} documents are" if rows else "No invoice or credit note is"
        raise PermanentError(
            f"{known} known as {name!r}. Give the source's id (in_..., cn_..., a Lago id), NexaCloud's id or the number; "
            '`nexabooks query "select source_invoice_id, invoice_number from finance.invoices"` lists them.'
        )
    return rows[0]


def ask(db: Warehouse, station: Station, found: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of one station."""
    if found["source_system"] not in ("stripe", "lago") and "{raw}" in station.sql:
        return []
    values = {
        "source": found["source_system"],
        "id": found["source_invoice_id"],
        "kind": found["kind"],
        "cloud": found["nexacloud_invoice_id"],
    }
    sql = station.sql.format(raw=f"raw_{found['source_system']}.{found['kind']}s")
    return db.rows(sql, {k: v for k, v in values.items() if f"${k}" in station.sql})


def shown(row: dict[str, Any]) -> dict[str, str]:
    """One row as name and value, amounts with their currency."""
    from nexabooks.cli.console import cell

    return {
        name.removesuffix("_minor").replace("_", " ").strip(): cell(row, name)
        for name in row
        if name != "currency_code"
    }
