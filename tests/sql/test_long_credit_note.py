"""A Stripe credit note of more lines than are sent with it is read in full, verified, and handed to the ledger."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nexabooks.sandbox.making import item, utc
from nexabooks.sandbox.traps_making import credited, of_stripe
from nexabooks.sandbox.traps_people import PLAIN
from nexabooks.sandbox.world import World
from nexabooks.warehouse import Project
from tests.sql.built import built

NOW = utc("2026-06-02T06:00")


def test_a_credit_note_of_twelve_lines_is_verified_and_has_them_all(tmp_path: Path, project: Project) -> None:
    """Ten lines come with the note; without the others it would not add up, and would be unverified for good."""
    made = credited(
        of_stripe("twelve", [item("VPS", 12000)], paid_at=utc("2026-05-21T12:00")),
        "twelve",
        12000,
        1560,
        credited_minor=13560,
    )
    note = made.credit_notes[0]
    one = note.lines[0]
    taxes = (replace(one.taxes[0], amount_minor=130, taxable_minor=1000),)
    lines = tuple(replace(one, id=f"cnli_{n:02}", amount_minor=1000, taxes=taxes) for n in range(12))
    made = replace(made, credit_notes=(replace(note, lines=lines),))
    ask = next(built((World("twelve", NOW, users=(PLAIN,), invoices=(made,)),), tmp_path, project))
    where = f"where source_invoice_id = '{note.id}'"
    assert ask(f"select verdict, is_postable, subtotal_minor from marts.fct_invoices {where}") == [
        ("verified", True, 12000)
    ]
    assert ask(f"select count(*), sum(amount_minor) from marts.fct_invoice_lines {where}") == [(12, 12000)]
