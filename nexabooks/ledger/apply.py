"""Carry out a plan: customers, drafts, posting, then the money in the order of plan_money.py, each in batches, each read
back.

Safe to run again at any point and safe beside another poster: what makes a record one is a key that Odoo's database
enforces, and every step looks before it acts. The journal says what was meant and what happened.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from nexabooks.clients.odoo import OdooWriter
from nexabooks.errors import PermanentError
from nexabooks.ledger.credit_notes import match_credit_notes
from nexabooks.ledger.drafts import write_drafts
from nexabooks.ledger.evidence import write_evidence
from nexabooks.ledger.journal import Journal, Receipt
from nexabooks.ledger.partners import write_partners
from nexabooks.ledger.payments import write_payments
from nexabooks.ledger.plan import Plan
from nexabooks.ledger.posting import post_drafts
from nexabooks.ledger.run import Run


def apply_plan(
    plan: Plan,
    client: OdooWriter,
    journal: Journal,
    *,
    now: Callable[[], datetime],
    progress: Callable[[str, int, int], None] | None = None,
    has_notes: bool = True,
) -> list[Receipt]:
    """Do what `plan` says, as far as its mode allows, and say what became of it.

    One bad record never stops the others: it gets a receipt with outcome `refused`. `now` is `settings.now`;
    `progress(step, done, total)` is told as it goes; `has_notes`: whether each posted entry gets a note with its proof. Raises PermanentError for a dry run, KeyRefused when the key is
    not accepted, Unreachable when Odoo stays away: receipts until then are in the journal, and planning and applying
    again goes on from there.
    """
    if plan.mode == "dry_run":
        raise PermanentError(
            "The mode is dry_run: a plan is shown, never applied. Set NEXABOOKS_LEDGER_MODE to change that."
        )
    run = Run(plan, client, journal, now, progress)
    partner_ids = write_partners(run)
    write_drafts(run, partner_ids)
    if plan.mode == "post":
        post_drafts(run)
        if has_notes:
            write_evidence(run)
        write_payments(run, "credit_note")
        match_credit_notes(run)
        write_payments(run, "invoice", "", "payment")
    run.write_down()
    return run.receipts
