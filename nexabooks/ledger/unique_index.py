"""The optional unique index: a second lock beside the external ids, for those who want one in the database itself.

It is made by a server action, which only an administrator may install; that is a change of Odoo's database that an
upgrade may drop, so it is made only when asked for by name (facts: odoo "Unique index on x_ fields"). Nothing depends
on it: the external ids keep every identity single without it.
"""

from __future__ import annotations

from dataclasses import dataclass

from nexabooks.clients.odoo import OdooReader, OdooWriter
from nexabooks.errors import LedgerRefused


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that Odoo needs. `what` names it; `says` is for people; `is_blocked`: a person must act in Odoo first."""

    what: str
    says: str
    is_present: bool
    is_blocked: bool = False


INDEX_STEP = "unique index"
ACTION_NAME = "nexabooks: one entry a source invoice"
CODE = (
    "env.cr.execute('create unique index if not exists account_move_x_fc_identity on account_move (company_id, "
    "x_fc_source_system, x_fc_source_invoice_id, x_fc_kind) where x_fc_source_invoice_id is not null "
    "and x_fc_revision is null')"
)
SAYS = (
    "a unique index on account_move over company, source system, source invoice and kind, for first postings: the database "
    "itself refuses a second entry for one invoice, also one made by hand. Made by a server action; an upgrade of Odoo may drop it"
)


def unique_index_steps(client: OdooReader) -> list[Step]:
    """Whether the action that makes the index is there: the index itself cannot be seen from outside."""
    found = client.search_count("ir.actions.server", [["name", "=", ACTION_NAME]])
    return [Step(INDEX_STEP, SAYS, bool(found))]


def make_unique_index(client: OdooWriter) -> None:
    """Install the action and run it once. Raises LedgerRefused when two entries share an identity already."""
    model_id = client.search_read("ir.model", [["model", "=", "account.move"]], ["id"])[0]["id"]
    vals = {"name": ACTION_NAME, "model_id": model_id, "state": "code", "code": CODE}
    ids = client.write_call("ir.actions.server", "create", vals_list=[vals])
    try:
        client.write_call("ir.actions.server", "run", ids=ids)
    except LedgerRefused:
        client.write_call("ir.actions.server", "unlink", ids=ids)  # its being there says that the index is
        raise
