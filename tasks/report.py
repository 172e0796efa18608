"""What a run came out with, as values: one screen for a person, the same numbers for a program, artifacts for Prefect."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from nexabooks.errors import EXIT_OK, EXIT_PERSON, EXIT_TRY_LATER, PermanentError, TransientError
from nexabooks.ledger.documents import ACTION as ATTACH
from nexabooks.ops import open_ops
from nexabooks.warehouse import open_warehouse
from tasks.artifacts import keep_artifacts
from tasks.ingest import SourceRead
from tasks.plans import waiting_plans
from tasks.run import Run
from tasks.step import in_prefect, step

# Each block of the screen is one question to the same tables that finance reads.
QUESTIONS: dict[str, str] = {
    # A run may read a stream several times: its records are those of the reading that brought most, and all changes count.
    "sources": """
        select source, count(*) as stream_count, coalesce(sum(read_count), 0) as read_count,
               coalesce(sum(changed_count), 0) as changed_count, count(says) as unread_count, max(says) as says
        from (
            select source, stream, min(started_at) as started_at, max(received_count) as read_count,
                   sum(inserted_count + changed_count + deleted_count) as changed_count,
                   max(message) filter (where outcome <> 'landed') as says
            from meta.loads where run_id = ? group by source, stream
        )
        group by source order by source in ('odoo', 'ops'), min(started_at), source""",
    # Of a relist only.
    "relisted": """
        select source, stream, table_name, kind, is_missed, record_count, cast(record_keys as varchar[]) as record_keys,
               fields, says
        from meta.relist_findings where run_id = ? order by not is_missed, source, stream, table_name, kind""",
    "verdicts": """
        select verdict, verdict_reason, source_system, currency_code, count(*) as invoice_count, sum(total_minor) as total_minor
        from finance.invoices where kind = 'invoice'
        group by verdict, verdict_reason, source_system, currency_code
        order by verdict = 'verified' desc, verdict, source_system, verdict_reason""",
    "families": """
        select month, service_family, currency_code, invoiced_minor, credited_minor, net_minor, paid_minor, needs_review
        from finance.family_revenue order by month, currency_code, service_family""",
    "coverage": """
        select coverage_class, invoice_count, subtotal_minor, share_percent, currency_code
        from finance.coverage order by currency_code, subtotal_minor desc""",
    "reconciliation": """
        select class, difference_class, month, currency_code, count(*) as row_count, sum(expected_minor) as expected_minor,
               sum(billed_minor) as billed_minor, sum(difference_minor) as difference_minor
        from finance.reconciliation group by class, difference_class, month, currency_code
        order by class = 'match' desc, class, month nulls last, difference_class""",
    "ledger": """
        select ledger_state, currency_code, count(*) as entry_count,
               sum(case kind when 'credit_note' then -total_minor else total_minor end) as total_minor,
               sum(case kind when 'credit_note' then -ledger_total_minor else ledger_total_minor end) as ledger_total_minor
        from finance.ledger_check where ledger_state <> 'none' group by ledger_state, currency_code
        order by ledger_state = 'posted' desc, ledger_state""",
    "breaks": """
        select breaks.break_key, breaks.class, breaks.source_system, breaks.source_invoice_id,
               coalesce(nullif(numbers.invoice_number, ''), breaks.source_invoice_id) as invoice, breaks.says,
               breaks.source_minor, breaks.ledger_minor, breaks.currency_code, breaks.first_seen_on, breaks.age_days
        from finance.breaks as breaks
        left join (
            select known.id, any_value(invoice_number) as invoice_number from finance.invoices,
                   unnest([source_invoice_id, nexacloud_invoice_id]) as known(id)
            where known.id <> '' group by known.id
        ) as numbers on breaks.source_invoice_id = numbers.id
        where coalesce(breaks.resolution, '') = '' order by breaks.first_seen_on, breaks.break_key""",
    "quality": """
        select severity, is_ok, count(*) as expectation_count
        from meta.quality_results where run_id = ? group by all order by severity, is_ok""",
    "broken": """
        select severity, suite || '.' || model as model, expectation, says
        from meta.quality_results where run_id = ? and not is_ok order by severity, model, expectation""",
}


@dataclass(frozen=True, slots=True)
class CloseReport:
    """The answer of a run. Amounts in whole minor units; `steps` counts what it did in Odoo by action and outcome, and
    `troubles` are the receipts of what was refused or stayed unclear (all others are in the ops store); `unread` holds a
    sentence for each source that was not read, `unsettled` those of what Odoo refused or left unclear, `waiting` one for each
    plan that waits for an approval."""

    run_id: str
    flow: str
    day: str
    mode: str
    blocks: dict[str, list[dict[str, Any]]]
    steps: list[dict[str, Any]] = field(default_factory=list)
    troubles: list[dict[str, Any]] = field(default_factory=list)
    unread: tuple[str, ...] = ()
    unsettled: tuple[str, ...] = ()
    may_retry: bool = True
    paths: dict[str, str] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 when every source was read and every step in Odoo came about; 75 when trying again may do the rest; 1 when a
        person must act first. A PDF that could not be had is asked for again by itself and changes nothing here."""
        outcomes = {step["outcome"] for step in self.steps if step["action"] != ATTACH}
        if "refused" in outcomes or (self.unread and not self.may_retry):
            return EXIT_PERSON
        return EXIT_TRY_LATER if self.unread or "unclear" in outcomes else EXIT_OK

    @property
    def raw_changes(self) -> int:
        """Rows that this run added to, changed in, or marked gone in raw."""
        return int(sum(row["changed_count"] for row in self.blocks["sources"]))

    @property
    def ledger_changes(self) -> int:
        """Steps that this run carried out in Odoo."""
        return sum(self.done.values())

    @property
    def done(self) -> Counter[str]:
        """How many steps of each action this run carried out in Odoo."""
        return Counter({step["action"]: step["count"] for step in self.steps if step["outcome"] == "done"})

    def as_json(self) -> dict[str, Any]:
        """For a program: numbers stay whole, Decimals become text."""
        return _plain(asdict(self))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def finish(run: Run, reads: list[SourceRead]) -> CloseReport:
    """The report of the run. Under Prefect a source that could not be read, and a step that Odoo refused or left unclear, make
    the run fail, after everything else is done.

    A data engineer sees a red run with one sentence and may retry it; on the command line the exit code says the same.
    """
    report = report_close(run, reads)
    if in_prefect() and report.exit_code != EXIT_OK:
        run.finished.set()
        kind = TransientError if report.exit_code == EXIT_TRY_LATER else PermanentError
        raise kind(
            f"Everything that could be done is done, and published. {' '.join([*report.unread, *report.unsettled])} "
            f"Run {run.flow} again when that is settled; it goes on from where it stopped."
        )
    return report


@step("report")
def report_close(run: Run, reads: list[SourceRead]) -> CloseReport:
    """Ask the finance tables what came out and the ops store what was done, and keep it as Prefect artifacts when a server
    listens."""
    with open_warehouse(run.settings.warehouse_path) as db:
        blocks = {
            name: db.rows(question, [run.run_id] if "?" in question else []) for name, question in QUESTIONS.items()
        }
    with open_ops(run.settings.ops_store_url, now=run.settings.now) as ops:
        journal = ops.journal(run.run_id)
        counts, troubles = journal.counts(), journal.receipts("refused", "unclear")
    report = CloseReport(
        run_id=run.run_id,
        flow=run.flow,
        day=str(run.day),
        mode=run.mode,
        blocks=blocks,
        steps=[{"action": action, "outcome": outcome, "count": n} for (action, outcome), n in counts.items()],
        troubles=troubles,
        unread=tuple(sentence for read in reads for sentence in read.unread),
        unsettled=tuple(run.unsettled),
        may_retry=all(read.may_retry for read in reads),
        paths={
            "published file": str(run.settings.published_path),
            "data quality": str(run.settings.home / "quality" / "index.html"),
            "warehouse": str(run.settings.warehouse_path),
        },
        waiting=[plan.sentence() for plan in waiting_plans(run.settings)],
    )
    keep_artifacts(report)
    return report
