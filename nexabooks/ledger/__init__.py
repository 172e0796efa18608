"""The books: what they should hold beside what they hold -> a plan (pure) -> apply -> receipts.

    desired = desired_from(tables)               # outbound rows -> values
    present = read_present(client, desired)      # what Odoo holds now
    plan = make_plan(desired, present, mode="post", run_id=run_id)
    counts = apply_plan(plan, client, journal, now=settings.now)  # the receipts are in the journal

Setting up and checking: `setup_plan`, `setup_apply`, `check`. The contract is docs/contracts/odoo.md.
"""

from nexabooks.ledger.actions import Action, Plan
from nexabooks.ledger.apply import apply_plan
from nexabooks.ledger.check import Finding, blocking, check
from nexabooks.ledger.desired import OUTBOUND_TABLES, Desired, desired_from
from nexabooks.ledger.journal import Intent, Journal, MemoryJournal, Receipt
from nexabooks.ledger.plan import make_plan
from nexabooks.ledger.present import Present, read_present
from nexabooks.ledger.setup import setup_apply, setup_plan
from nexabooks.ledger.undo import UndoPlan, plan_undo
from nexabooks.ledger.undo_apply import apply_undo
from nexabooks.ledger.unique_index import Step

__all__ = [
    "OUTBOUND_TABLES",
    "Action",
    "Desired",
    "Finding",
    "Intent",
    "Journal",
    "MemoryJournal",
    "Plan",
    "Present",
    "Receipt",
    "Step",
    "UndoPlan",
    "apply_plan",
    "apply_undo",
    "blocking",
    "check",
    "desired_from",
    "make_plan",
    "plan_undo",
    "read_present",
    "setup_apply",
    "setup_plan",
]
