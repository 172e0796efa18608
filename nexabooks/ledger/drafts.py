"""Drafts: one `account.move` an invoice, one line an item, made by `load`, then compared with the source to the cent.

A draft carries its content hash only after the comparison, so a run that was cut off in between is finished by the next
one. Header and lines both have external ids: a load without line ids would double the lines (facts: odoo "load()").
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from nexabooks.clients.odoo import id_of
from nexabooks.ledger.actions import Action
from nexabooks.ledger.batches import drive, repeat
from nexabooks.ledger.choices import odoo_rate
from nexabooks.ledger.desired import Invoice, Line, MoveKey
from nexabooks.ledger.forced_tax import Correction, TaxLine, tax_corrections
from nexabooks.ledger.journal import Outcome
from nexabooks.ledger.keys import MODULE, line_key, move_key
from nexabooks.ledger.odoo_values import MOVE_TYPES, minor_of
from nexabooks.ledger.own_numbers import number_of
from nexabooks.ledger.plan import REFUSED_MARK, figures_differ
from nexabooks.ledger.present import FOREIGN_IDS, RATE_FIELD, PresentMove, read_moves, revision_text
from nexabooks.ledger.run import Run
from nexabooks.money import format_minor, to_major

HEADER = (
    "id",
    "move_type",
    "journal_id/.id",
    "partner_id/.id",
    "invoice_date",
    "invoice_date_due",
    "ref",
    "currency_id/.id",
    "x_fc_source_system",
    "x_fc_source_invoice_id",
    "x_fc_kind",
    "x_fc_revision",
    *FOREIGN_IDS,
    "x_fc_run_id",
)
LINE = (
    "invoice_line_ids/id",
    "invoice_line_ids/name",
    "invoice_line_ids/quantity",
    "invoice_line_ids/price_unit",
    "invoice_line_ids/account_id/.id",
    "invoice_line_ids/tax_ids/.id",
)


def write_drafts(run: Run, partner_ids: dict[str, int]) -> None:
    """Create and update the plan's drafts, compare each with its source, and write the receipts."""
    for batch in run.batches("drafts", lambda action: action.verb in ("create", "update")):
        going = {}
        for action in batch:
            if action.key in run.stopped:
                said = "not made: the entry before it still stands; see its own receipt"
                run.settle(action, "refused", said, odoo_model="account.move", odoo_id=action.odoo_id)
            elif run.invoices[action.key].customer_id in partner_ids:
                going[action.key] = action
            else:
                said = f"its customer {action.customer_id!r} could not be made in Odoo; see the customer's own receipt"
                run.settle(action, "refused", said, odoo_model="account.move", odoo_id=action.odoo_id)
        # Apart by the columns they need: Odoo refuses an empty cell where others have a rate ("The currency rate must be
        # strictly positive"), and a draft that is not to keep a number is numbered by Odoo when no name is sent.
        for some in _by_own_columns(run, going).values():
            _write_batch(run, some, partner_ids)


def _own_columns(run: Run, invoice: Invoice) -> tuple[str, ...]:
    """The columns that only some invoices have. A draft that kept a number and shall not any more has its name emptied."""
    journal, move = run.plan.present.books.numbers_journal, run.plan.present.moves.get(invoice.key)
    has_kept = bool(journal and move and move.state == "draft" and move.journal_id == journal.journal_id)
    return (*([RATE_FIELD] if invoice.rate else ()), *(["name"] if invoice.own_number or has_kept else ()))


def _by_own_columns(run: Run, actions: dict[MoveKey, Action]) -> dict[tuple[str, ...], dict[MoveKey, Action]]:
    groups: dict[tuple[str, ...], dict[MoveKey, Action]] = {}
    for key, action in actions.items():
        groups.setdefault(_own_columns(run, run.invoices[key]), {})[key] = action
    return dict(sorted(groups.items()))


def _write_batch(run: Run, actions: dict[MoveKey, Action], partner_ids: dict[str, int]) -> None:
    invoices = [run.invoices[key] for key in actions]
    updating = {key for key, action in actions.items() if action.verb == "update"}

    def send(batch: list[Invoice]) -> None:
        run.intend(actions[i.key] for i in batch)
        fields = (*HEADER, *_own_columns(run, batch[0]), *LINE)
        run.client.load("account.move", fields, [row for i in batch for row in _rows(run, i, partner_ids)])

    def still_to_do(batch: list[Invoice]) -> list[Invoice]:
        held = read_batch(run, batch)
        return [i for i in batch if i.key not in held or (i.key in updating and held[i.key].state == "draft")]

    driven = drive(invoices, send, still_to_do, size=len(invoices) or 1)
    for invoice, outcome, said in driven.troubles:
        action = actions[invoice.key]
        run.settle(action, outcome, said, odoo_model="account.move", odoo_id=action.odoo_id)
    _compare(run, driven.settled, actions, {i.key for i in driven.already})


def read_batch(run: Run, batch: list[Invoice]) -> dict[MoveKey, PresentMove]:
    """The entries of `batch` as they are now."""
    domain = [["x_fc_source_invoice_id", "in", [i.source_invoice_id for i in batch]]]
    found = read_moves(run.client, domain, without=run.taken_back_ids)
    wanted = {i.key for i in batch}
    return {key: moves[0] for key, moves in found.items() if key in wanted}


def _rows(run: Run, invoice: Invoice, partner_ids: dict[str, int]) -> list[list[str]]:
    """One row a line; the header stands in the first, and the blank cells below it continue the record."""
    books, revision = run.plan.present.books, run.revision_of(invoice.key)
    journal = books.numbers_journal if invoice.own_number else books.sale_journal
    own = {
        RATE_FIELD: str(odoo_rate(invoice.rate)) if invoice.rate else "",
        "name": number_of(invoice.own_number, revision),
    }
    header = [
        move_key(*_name(invoice), revision),
        MOVE_TYPES[invoice.kind],
        str(journal.journal_id) if journal else "",
        str(partner_ids[invoice.customer_id]),
        invoice.invoiced_on.isoformat(),
        invoice.due_on.isoformat(),  # without it Odoo takes today
        invoice.invoice_number,
        str(books.currencies[invoice.currency_code].currency_id),
        *invoice.key,
        revision_text(revision),
        *invoice.foreign_ids,
        run.plan.run_id,
        *(own[name] for name in _own_columns(run, invoice)),
    ]
    blank = [""] * len(header)
    return [
        [*(blank if number else header), *_line_cells(run, invoice, line)] for number, line in enumerate(invoice.lines)
    ]


def _name(invoice: Invoice) -> tuple[str, str, str]:
    return invoice.source_system, invoice.kind, invoice.source_invoice_id


def _line_cells(run: Run, invoice: Invoice, line: Line) -> list[str]:
    """Quantity 1 and the line's amount as its price: Odoo rounds a quantity to two digits (facts: odoo "Quantity and
    price"). Account and taxes are always sent, or Odoo would fill them in by habit."""
    return [
        line_key(*_name(invoice), line.position, run.revision_of(invoice.key)),
        line.description or "(no description)",
        "1",
        str(to_major(line.amount_minor, invoice.currency_code)),
        str(_account_id_of(run, line)),
        ",".join(map(str, _tax_ids_of(run, line))),
    ]


def _account_id_of(run: Run, line: Line) -> int:
    """Odoo's id of the account that the seed family_accounts names for the line's family."""
    return run.plan.present.books.accounts[run.plan.desired.families[line.service_family].account_code].account_id


def _tax_ids_of(run: Run, line: Line) -> list[int]:
    """Odoo's ids of the taxes that the seed tax_codes names for the line's codes, in order; none for a line without tax."""
    plan = run.plan
    return sorted(
        plan.present.books.taxes[plan.desired.taxes[c].odoo_external_name].tax_id for c in line.tax_codes or ()
    )


def _compare(run: Run, invoices: list[Invoice], actions: dict[MoveKey, Action], already: set[MoveKey]) -> None:
    """Bring each draft to its source's figures where rounding alone differs; mark it; write its receipt."""
    if not invoices:
        return
    held = read_batch(run, invoices)
    for invoice in (i for i in invoices if i.key not in held):
        gone = "it was written, and Odoo does not show it; somebody may have deleted it"
        run.settle(actions[invoice.key], "unclear", gone, odoo_model="account.move", odoo_id=None)
    invoices = [i for i in invoices if i.key in held]
    drafts = [i for i in invoices if held[i.key].state == "draft"]
    lines = _read_lines(run, [held[i.key].move_id for i in drafts])
    said: dict[MoveKey, str] = {}
    for invoice in drafts:
        said[invoice.key] = _bring_into_line(run, invoice, held[invoice.key], lines[held[invoice.key].move_id])
    if any(said.values()):
        held = read_batch(run, invoices)
    marks = {}
    for invoice in drafts:
        move = held[invoice.key]
        difference = figures_differ(invoice, move) or _wrong_lines(run, invoice, lines[move.move_id])
        marks[move.move_id] = (REFUSED_MARK if difference else "") + invoice.content_hash
    _mark(run, marks)
    for invoice in invoices:
        move, action = held[invoice.key], actions[invoice.key]
        difference = figures_differ(invoice, move)
        if invoice.key in said:
            difference = difference or _wrong_lines(run, invoice, lines[move.move_id])
        if difference:
            outcome: Outcome = "refused"
            words = f"the draft stays and is not posted: {difference}. {said.get(invoice.key, '')}".strip()
        else:
            outcome = "already" if invoice.key in already else "done"
            words = said.get(invoice.key) or "equal to its source to the cent"
        run.settle(
            action,
            outcome,
            words,
            odoo_model="account.move",
            odoo_id=move.move_id,
            odoo_total_minor=move.total_minor,
        )


def _read_lines(run: Run, move_ids: list[int]) -> dict[int, list[dict[str, Any]]]:
    """The product and tax lines of some entries, by entry."""
    fields = [
        "id",
        "move_id",
        "display_type",
        "account_id",
        "tax_ids",
        "tax_line_id",
        "price_subtotal",
        "amount_currency",
    ]
    domain = [["move_id", "in", move_ids], ["display_type", "in", ["product", "tax"]]]
    by_move: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for line in run.client.all_of("account.move.line", domain, fields):
        by_move[line["move_id"][0]].append(line)
    return by_move


def _bring_into_line(run: Run, invoice: Invoice, move: PresentMove, lines: list[dict[str, Any]]) -> str:
    """Remove lines that the source no longer has, force the source's tax where rounding differs. Returns what was done
    or why it was not, '' when the draft was equal at once. `lines` is left as it is in Odoo afterwards."""
    said = []
    if sum(line["display_type"] == "product" for line in lines) > len(invoice.lines):
        said.append(_remove_surplus(run, invoice, move, lines))
        lines[:] = _read_lines(run, [move.move_id])[move.move_id]
    tax_lines = [
        TaxLine(line["id"], id_of(line["tax_line_id"]) or 0, minor_of(line["amount_currency"], invoice.currency_code))
        for line in lines
        if line["display_type"] == "tax"
    ]
    corrections, why_not = tax_corrections(invoice, tax_lines, run.plan.desired, run.plan.present.books)
    if why_not:
        said.append(why_not)
    elif corrections:
        by_minor = sum(abs(c.by_minor) for c in corrections)
        amount = format_minor(by_minor, invoice.currency_code)
        trouble = "; ".join(filter(None, (_force(run, invoice, move, correction) for correction in corrections)))
        forced = f"Odoo rounds this tax otherwise: the source's tax was forced, a difference of {amount}"
        said.append(trouble or forced)
    return "; ".join(said)


def _force(run: Run, invoice: Invoice, move: PresentMove, correction: Correction) -> str:
    """Set one tax line; the receivable line follows by itself. '' when done."""
    amount = to_major(correction.amount_currency_minor, invoice.currency_code)
    vals = {"line_ids": [[1, correction.line_id, {"amount_currency": amount}]]}
    return repeat(lambda: run.client.write_call("account.move", "write", ids=[move.move_id], vals=vals))


def _remove_surplus(run: Run, invoice: Invoice, move: PresentMove, lines: list[dict[str, Any]]) -> str:
    ids = [line["id"] for line in lines if line["display_type"] == "product"]
    revision = run.revision_of(invoice.key)
    keys = [line_key(*_name(invoice), line.position, revision) for line in invoice.lines]
    ours = run.client.ids_of_names(
        "account.move.line", MODULE, [key.removeprefix(f"{MODULE}.") for key in keys]
    ).values()
    surplus = [i for i in ids if i not in ours]
    commands = [[2, i, 0] for i in surplus]
    vals = {"invoice_line_ids": commands}
    trouble = repeat(lambda: run.client.write_call("account.move", "write", ids=[move.move_id], vals=vals))
    return trouble or f"{len(surplus)} line(s) that the source does not have were removed from the draft"


def _wrong_lines(run: Run, invoice: Invoice, lines: list[dict[str, Any]]) -> str:
    """'' when account, taxes and amount of every line are what was sent (Odoo fills in what it thinks is missing)."""
    wanted = sorted((_account_id_of(run, line), _tax_ids_of(run, line), line.amount_minor) for line in invoice.lines)
    found = sorted(
        (
            id_of(line["account_id"]) or 0,
            sorted(line["tax_ids"]),
            minor_of(line["price_subtotal"], invoice.currency_code),
        )
        for line in lines
        if line["display_type"] == "product"
    )
    return "" if wanted == found else "Odoo changed the account, the tax or the amount of a line"


def _mark(run: Run, marks: dict[int, str]) -> None:
    """Write what the comparison found onto the drafts, in one call: no line columns, so the lines are not touched."""

    def send(batch: list[int]) -> None:
        run.client.load("account.move", (".id", "x_fc_content_hash"), [[str(i), marks[i]] for i in batch])

    def still_to_do(batch: list[int]) -> list[int]:
        held = {r["id"]: r["x_fc_content_hash"] for r in run.client.read("account.move", batch, ["x_fc_content_hash"])}
        return [i for i in batch if i in held and held[i] != marks[i]]

    drive(sorted(marks), send, still_to_do, look_first=False)
