"""The source's numbers as Odoo's own: the sales journal in which entries keep them (NEXABOOKS_ODOO_NUMBERS, decision 24).

A journal of its own, because Odoo continues whatever name stands last: beside the source's `A1B2-0007` the next entry that a
person makes would be called `A1B2-0008`.
"""

from __future__ import annotations

from dataclasses import dataclass

from nexabooks.clients.odoo import OdooReader, text_of
from nexabooks.ledger.payment_journals import SETUP

JOURNAL_CODE, JOURNAL_NAME, JOURNAL_TYPE = "NCINV", "NexaCloud Invoices", "sale"
# Odoo reads a year and a month into any name and refuses one that disagrees with the entry's date: `ABCDEF12-0001` would be
# of 2012. This is Odoo's own form of a name that belongs to no period; any name fits it.
NUMBER_FORM = r"^(?P<prefix1>.*?)(?P<seq>\d{0,9})(?P<suffix>\D*?)$"


@dataclass(frozen=True, slots=True)
class NumbersJournal:
    """The journal as Odoo holds it. `form`: the pattern by which Odoo reads its names, '' = its own."""

    journal_id: int
    code: str
    name: str
    journal_type: str
    is_active: bool
    form: str


def read_numbers_journal(client: OdooReader) -> NumbersJournal | None:
    """The journal with our code in this company, an archived one too; None when there is none."""
    domain = [["company_id", "=", client.company_id], ["code", "=", JOURNAL_CODE], ["active", "in", [True, False]]]
    fields = ["id", "code", "name", "type", "active", "sequence_override_regex"]
    for row in client.search_read("account.journal", domain, fields):
        form = text_of(row["sequence_override_regex"])
        return NumbersJournal(
            row["id"], text_of(row["code"]), text_of(row["name"]), row["type"], bool(row["active"]), form
        )
    return None


def journal_blocked(journal: NumbersJournal | None) -> str:
    """What a person must change about the journal first; '' when it is missing or will do."""
    if journal and journal.journal_type != JOURNAL_TYPE:
        return f"the journal {JOURNAL_CODE} is of type {journal.journal_type}, not {JOURNAL_TYPE}: free the code"
    if journal and not journal.is_active:
        return f"the journal {JOURNAL_CODE} is archived: activate it"
    return ""


def numbers_trouble(journal: NumbersJournal | None) -> str:
    """Why no entry can keep its source's number; '' when it can."""
    if journal is None:
        return f"Odoo has no sales journal {JOURNAL_CODE}, where entries keep their source's number; {SETUP}"
    if said := journal_blocked(journal):
        return said
    if journal.form != NUMBER_FORM:
        return f"the journal {JOURNAL_CODE} would read years into the source's numbers; {SETUP}"
    return ""


def number_of(own_number: str, revision: int) -> str:
    """The number of a posting: the first one has the source's, a later one says which it is, for the first keeps its own."""
    return own_number if revision == 1 or not own_number else f"{own_number}-R{revision}"
