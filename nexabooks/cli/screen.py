"""One screen for a run: what was read, what was verified and why the rest was not, revenue, reconciliation, the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nexabooks.cli.console import console, heading, print_rows

if TYPE_CHECKING:
    from tasks.report import CloseReport


def show_report(report: CloseReport) -> None:
    """The whole report, a block at a time."""
    heading(f"{report.flow} {report.day}   ledger mode: {report.mode}")
    blocks = report.blocks
    heading("Read")
    print_rows(
        blocks["sources"],
        columns={
            "source": "source",
            "stream_count": "streams",
            "read_count": "records",
            "changed_count": "new or changed",
            "says": "not read",
        },
    )
    heading("Verified, and why the rest was not")
    print_rows(
        blocks["verdicts"],
        columns={
            "verdict": "verdict",
            "source_system": "source",
            "invoice_count": "invoices",
            "total_minor": "total",
            "verdict_reason": "why",
        },
    )
    heading("Revenue by family, before tax")
    print_rows(_by_family(blocks["families"]))
    heading("Invoices with and without a subscription")
    print_rows(
        blocks["coverage"],
        columns={
            "coverage_class": "class",
            "invoice_count": "invoices",
            "subtotal_minor": "subtotal",
            "share_percent": "share %",
        },
    )
    heading("Reconciliation: expected beside billed")
    print_rows(
        blocks["reconciliation"],
        columns={
            "class": "class",
            "difference_class": "difference",
            "month": "month",
            "row_count": "rows",
            "expected_minor": "expected",
            "billed_minor": "billed",
            "difference_minor": "difference",
        },
    )
    heading("In the ledger")
    print_rows(
        blocks["ledger"],
        columns={
            "ledger_state": "state",
            "invoice_count": "invoices",
            "total_minor": "at the source",
            "ledger_total_minor": "in Odoo",
        },
        empty="nothing yet",
    )
    show_steps(report)
    heading("Waiting for a person")
    print_rows(
        blocks["breaks"], columns={"class": "what", "source_invoice_id": "invoice", "says": "says", "age_days": "days"}
    )
    for sentence in report.waiting:
        console.print(f"  {sentence}", markup=False)
    heading("Quality")
    print_rows(
        blocks["quality"], columns={"severity": "severity", "is_ok": "holds", "expectation_count": "expectations"}
    )
    heading("Where")
    for name, path in report.paths.items():
        console.print(f"  {name}: {path}", markup=False)


def show_steps(report: CloseReport) -> None:
    """What this run did in Odoo, counted; what was refused, by name."""
    if not report.steps:
        console.print("  this run changed nothing in Odoo", markup=False)
        return
    counts = ", ".join(f"{step['action']} {step['outcome']}: {step['count']}" for step in report.steps)
    console.print(f"  this run: {counts}", markup=False)
    for receipt in report.troubles:
        console.print(f"  {receipt['outcome']}: {receipt['source_invoice_id']}: {receipt['says']}", markup=False)


def _by_family(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The monthly rows added up over the months, for the screen; finance.family_revenue has them one by one."""
    totals: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        key = (row["service_family"], row["currency_code"])
        total = totals.setdefault(
            key,
            {
                "service_family": key[0],
                "currency_code": key[1],
                "invoiced_minor": 0,
                "credited_minor": 0,
                "net_minor": 0,
                "paid_minor": 0,
            },
        )
        for name in ("invoiced_minor", "credited_minor", "net_minor", "paid_minor"):
            total[name] += int(row[name] or 0)
    return [
        {k: v for k, v in t.items() if k != "currency_code"} | {"currency_code": t["currency_code"]}
        for t in totals.values()
    ]
