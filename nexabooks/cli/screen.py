"""One screen for a run: what was read, what was verified and why the rest was not, revenue, reconciliation, the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nexabooks.cli.console import console, heading, in_words, print_rows

if TYPE_CHECKING:
    from tasks.report import CloseReport

Rows = list[dict[str, Any]]

# The steps in Odoo as a person says them; docs/contracts/odoo.md has them by name.
STEP_SAYS = {
    "partner_create": "customers made",
    "partner_update": "customers updated",
    "create": "drafts made",
    "update": "drafts renewed",
    "post": "entries posted",
    "pay": "payments booked",
    "match": "entries matched",
    "note": "notes written",
    "unmatch": "entries unmatched",
    "reverse": "entries reversed",
}


def show_report(report: CloseReport, *, read: Rows | None = None) -> None:
    """The whole report, a block at a time. `read`: what to show as read in place of what this run alone did."""
    heading(f"{report.flow} {report.day}, ledger mode {report.mode}")
    blocks = report.blocks
    heading("Read" if read is None else "Read, all runs together")
    show_read(blocks["sources"] if read is None else read)
    if report.flow == "relist":
        heading("What only the whole lists brought")
        show_relisted(report)
    heading("Verified, and why the rest was not")
    show_verdicts(report)
    heading("Revenue by family, all months, before tax")
    print_rows(
        _by_family(blocks["families"]),
        columns={
            "service_family": "family",
            "invoiced_minor": "invoiced",
            "credited_minor": "credited",
            "net_minor": "net",
            "paid_minor": "paid",
        },
    )
    heading("NexaCloud's invoices with and without a subscription, before tax")
    print_rows(
        in_words(blocks["coverage"], "coverage_class"),
        columns={
            "coverage_class": "class",
            "invoice_count": "invoices",
            "subtotal_minor": "subtotal",
            "share_percent": "share %",
        },
    )
    heading("Reconciliation: what should have been billed beside what was, before tax")
    print_rows(
        [
            row | {"month": row["month"] or "no period"}
            for row in in_words(blocks["reconciliation"], "class", "difference_class")
        ],
        columns={
            "class": "class",
            "month": "month",
            "row_count": "rows",
            "expected_minor": "expected",
            "billed_minor": "billed",
            "difference_minor": "difference",
            "difference_class": "why",
        },
    )
    heading("In the ledger, with tax")
    show_ledger(report)
    show_steps(report)
    heading("Waiting for a person")
    show_breaks(report)
    for sentence in report.waiting:
        console.print(f"  {sentence}", markup=False)
    heading("Quality: what must hold of the figures")
    show_quality(report)
    heading("Where")
    for name, path in report.paths.items():
        console.print(f"  {name}: {path}", markup=False)


def show_read(rows: Rows) -> None:
    """A line a source."""
    columns = {
        "source": "source",
        "stream_count": "streams",
        "read_count": "records",
        "changed_count": "new or changed",
    }
    if any(row.get("says") for row in rows):
        columns["says"] = "not read"
    names = {"odoo": "odoo (read back)", "ops": "ops (own decisions)"}
    print_rows([row | {"source": names.get(row["source"], row["source"])} for row in rows], columns=columns)


def show_relisted(report: CloseReport) -> None:
    """What incremental reading missed, and what only a whole list can tell."""
    rows = [row | {"kind": "missed" if row["is_missed"] else row["kind"]} for row in report.blocks["relisted"]]
    print_rows(rows, columns={"kind": "what", "says": "says"}, empty="nothing: what was read on held all of it")


def show_verdicts(report: CloseReport) -> None:
    """Invoices by verdict and reason, amounts with tax."""
    print_rows(
        report.blocks["verdicts"],
        columns={
            "verdict": "verdict",
            "source_system": "source",
            "invoice_count": "invoices",
            "total_minor": "with tax",
            "verdict_reason": "why",
        },
    )


def show_ledger(report: CloseReport) -> None:
    """The entries by state, at the source beside in Odoo; credit notes are taken off."""
    print_rows(
        in_words(report.blocks["ledger"], "ledger_state"),
        columns={
            "ledger_state": "state",
            "entry_count": "entries",
            "total_minor": "at the source",
            "ledger_total_minor": "in Odoo",
        },
        empty="nothing yet",
    )


def show_breaks(report: CloseReport) -> None:
    """What only a person can settle."""
    print_rows(
        in_words(report.blocks["breaks"], "class"),
        columns={"class": "what", "invoice": "invoice", "age_days": "days", "says": "says"},
        empty="nothing",
    )


def show_quality(report: CloseReport) -> None:
    """How many expectations hold; each one that does not, by name."""
    counts = {(row["severity"], row["is_ok"]): int(row["expectation_count"]) for row in report.blocks["quality"]}
    holding = sum(count for (_, is_ok), count in counts.items() if is_ok)
    console.print(f"  {holding} of {sum(counts.values())} expectations hold.", markup=False)
    if report.blocks["broken"]:
        print_rows(
            [
                row | {"severity": "warning" if row["severity"] == "warn" else row["severity"]}
                for row in report.blocks["broken"]
            ],
            columns={"severity": "severity", "model": "table", "expectation": "does not hold"},
        )


def show_steps(report: CloseReport) -> None:
    """What this run did in Odoo, counted; what was refused, by name."""
    if not report.steps:
        console.print("  this run changed nothing in Odoo", markup=False)
        return
    console.print(f"  this run: {', '.join(steps_in_words(report.steps))}", markup=False)
    for receipt in report.troubles:
        console.print(f"  {receipt['outcome']}: {receipt['source_invoice_id']}: {receipt['says']}", markup=False)


def steps_in_words(steps: Sequence[dict[str, Any]]) -> list[str]:
    """What was done by its words, in the order in which it is done; what was not, by its name and outcome."""
    order = list(STEP_SAYS)
    known = sorted(
        (step for step in steps if step["outcome"] == "done" and step["action"] in STEP_SAYS),
        key=lambda step: order.index(step["action"]),
    )
    others = [step for step in steps if step not in known]
    return [f"{STEP_SAYS[step['action']]}: {step['count']:,}" for step in known] + [
        f"{step['action']} {step['outcome']}: {step['count']:,}" for step in others
    ]


def _by_family(rows: Rows) -> Rows:
    """The monthly rows added up over the months, for the screen; finance.family_revenue has them one by one."""
    totals: dict[tuple[str, str], dict[str, Any]] = {}
    amounts = ("invoiced_minor", "credited_minor", "net_minor", "paid_minor")
    for row in rows:
        key = (row["service_family"], row["currency_code"])
        blank = {"service_family": key[0], "currency_code": key[1], **dict.fromkeys(amounts, 0)}
        total = totals.setdefault(key, blank)
        for name in amounts:
            total[name] += int(row[name] or 0)
    return list(totals.values())


def read_together(reports: Sequence[CloseReport]) -> Rows:
    """What several runs read, a line a source; `says` is the last run's."""
    found: dict[str, dict[str, Any]] = {}
    for report in reports:
        for row in report.blocks["sources"]:
            before = found.get(row["source"], {"read_count": 0, "changed_count": 0})
            sums = {name: int(before[name]) + int(row[name]) for name in ("read_count", "changed_count")}
            found[row["source"]] = row | sums
    return list(found.values())
