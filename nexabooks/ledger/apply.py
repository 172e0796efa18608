"""Carry out a plan: customers, approved reversals, drafts, posting, then the money in the order of plan_money.py, each in
batches, each read back.

Safe to run again at any point and safe beside another poster: what makes a record one is a key that Odoo's database
enforces, and every step looks before it acts. The journal says what was meant and what happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime

from nexabooks.clients.odoo import OdooWriter
from nexabooks.errors import PermanentError
from nexabooks.ledger.actions import Plan
from nexabooks.ledger.corrections_apply import reverse_entries
from nexabooks.ledger.credit_notes import match_credit_notes
from nexabooks.ledger.desired import MoveKey
from nexabooks.ledger.drafts import write_drafts
from nexabooks.ledger.evidence import write_owed_notes
from nexabooks.ledger.journal import Counts, Journal
from nexabooks.ledger.partners import write_partners
from nexabooks.ledger.payments import write_payments
from nexabooks.ledger.posting import post_drafts
from nexabooks.ledger.run import Run


def apply_plan(
    plan: Plan,
    client: OdooWriter,
    journal: Journal,
    *,
    now: Callable[[], datetime],
    progress: Callable[[str, int, int], None] | None = None,
    today: date | None = None,
    has_notes: bool = True,
    owed_notes: Iterable[MoveKey] = (),
) -> Counts:
    """Do what `plan` says, as far as its mode allows, and say how many steps came out how; their receipts are in the
    journal, batch by batch.

    One bad record never stops the others: it gets a receipt with outcome `refused`. `now` is `settings.now`;
    `progress(step, done, total)` is told as it goes; `today`: the accounting day, on which the reversal of a locked entry is
    booked; `has_notes`: whether each posted entry gets a note with its proof; `owed_notes`: entries whose posting or noting was
    meant and never read back, so that their proof may be missing. Raises PermanentError for a dry run, KeyRefused when the key is
    not accepted, Unreachable when Odoo stays away: receipts until then are in the journal, and planning and applying
    again goes on from there.
    """
    if plan.mode == "dry_run":
        raise PermanentError(
            "The mode is dry_run: a plan is shown, never applied. Set NEXABOOKS_LEDGER_MODE to change that."
        )
    run = Run(plan, client, journal, now, progress, set(owed_notes))
    partner_ids = write_partners(run)
    if plan.mode == "post":
        reverse_entries(run, partner_ids, today or now().date())
    write_drafts(run, partner_ids)
    if plan.mode == "post":
        post_drafts(run, has_notes=has_notes)
        if has_notes:
            write_owed_notes(run)
        write_payments(run, "credit_note")
        match_credit_notes(run)
        write_payments(run, "invoice", "", "payment")
    run.write_down()
    return run.counts
