"""The demo's last act: a person takes a run back, looks at the plan, approves it, and it is carried out."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from nexabooks.cli.console import console, heading, print_rows, progress
from nexabooks.cli.judging import Check, checks_of_close
from nexabooks.cli.planning import planned
from nexabooks.cli.screen import show_ledger, show_steps
from nexabooks.cli.undoing import take_back
from nexabooks.money import format_minor
from nexabooks.ops import open_ops
from nexabooks.settings import load_settings

if TYPE_CHECKING:
    from nexabooks.ledger import Plan, Receipt
    from nexabooks.sandbox.sandbox import Sandbox
    from tasks.report import CloseReport

PERSON, WHY = "Ines Moreau, accounting", "the demo"


def decide(box: Sandbox, run_id: str, *, quiet: bool) -> tuple[CloseReport, list[Check]]:
    """`nexabooks undo RUN --apply`, `plan`, `approve`, `run post-approved`, as a person would; the last report, and what
    it must have come to. `run_id` posted the invoice that replaces the void one."""
    from flows.post_approved import post_approved
    from nexabooks.sandbox import story

    with progress("Taking a run back", quiet=quiet):
        take_back(run_id, apply=False)
        _, receipts, _ = take_back(run_id, apply=True, by=PERSON, note=WHY)
    plan, page = planned("post", quiet=quiet)
    settings = load_settings()
    with open_ops(settings.ops_store_url, now=settings.now) as ops:
        ops.approve(plan.hash, by=PERSON, note=WHY)
    with progress("Posting what was approved", quiet=quiet):
        report = post_approved.fn(plan.hash)
    if not quiet:
        _show(run_id, receipts, plan, page, report)
    proposed = [(a.source_invoice_id, a.was_minor, a.total_minor) for a in plan.of("correct")]
    checks = [
        Check("steps of taking the run back", story.TAKEN_BACK, dict(Counter(r.action for r in receipts))),
        Check("corrections proposed: invoice, posted, shall be", story.PROPOSED, proposed),
        Check("what was taken back waits for a person", [story.HELD], [t.brake for t in plan.trips]),
        Check("the plan is a page", True, page.is_file()),
        Check("steps carried out once approved", story.DECIDED_STEPS, dict(sorted(report.done.items()))),
    ]
    return report, checks + checks_of_close(settings, box, report, story.DECIDED)


def _show(run_id: str, receipts: list[Receipt], plan: Plan, page: Path, report: CloseReport) -> None:
    from nexabooks.ledger.plan_words import VERB_SAYS

    heading(f"nexabooks undo {run_id} --apply")
    print_rows([{"step": r.action, "outcome": r.outcome, "says": r.says} for r in receipts])
    heading("nexabooks plan")
    print_rows(
        [
            {
                "step": VERB_SAYS[row["verb"]],
                "invoice": row["invoice_number"],
                "posted": "" if row["was_minor"] is None else format_minor(row["was_minor"], row["currency_code"]),
                "shall be": format_minor(row["total_minor"], row["currency_code"]),
                "why": row["reason"],
            }
            for row in plan.rows()
            if row["verb"] not in ("keep", "hold")
        ]
    )
    console.print(f"  As a page: {page}", markup=False)
    heading(f"nexabooks approve, then nexabooks run post-approved --plan {plan.hash}")
    show_steps(report)
    show_ledger(report)
