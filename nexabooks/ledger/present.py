"""What Odoo holds now of the records that nexabooks owns, with the books that they stand in (books.py).

Everything is read within one company. Amounts become whole minor units at this door.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from nexabooks.clients.odoo import OdooReader, id_of, text_of
from nexabooks.errors import PermanentError
from nexabooks.ledger.books import Books, read_books
from nexabooks.ledger.desired import ENTRY_HASH_VERSION, Desired, Invoice, MoveKey
from nexabooks.ledger.desired_payments import PaymentKey
from nexabooks.ledger.odoo_values import day_of, kind_of, minor_of
from nexabooks.ledger.reversal_reasons import corrected_by
from nexabooks.ledger.twins import Twin, read_twins

FOREIGN_IDS = ("x_fc_nexacloud_invoice_id", "x_fc_stripe_invoice_id", "x_fc_stripe_customer_id")
MOVE_FIELDS = (
    "id",
    "name",
    "state",
    "move_type",
    "payment_state",
    "invoice_date",
    "date",
    "invoice_date_due",
    "ref",
    "partner_id",
    "currency_id",
    "amount_untaxed",
    "amount_tax",
    "amount_total",
    "amount_residual",
    "x_fc_source_system",
    "x_fc_source_invoice_id",
    "x_fc_kind",
    "x_fc_revision",
    "x_fc_run_id",
    "x_fc_content_hash",
    "journal_id",
    *FOREIGN_IDS,
)
RATE_FIELD = "invoice_currency_rate"
PAYMENT_FIELDS = (
    "id",
    "state",
    "amount",
    "date",
    "currency_id",
    "partner_id",
    "move_id",
    "payment_type",
    "journal_id",
    "is_reconciled",
    "reconciled_invoice_ids",
    "x_fc_payment_id",
    "x_fc_source_system",
    "x_fc_source_invoice_id",
    "x_fc_revision",
)
PARTNER_FIELDS = ("id", "name", "active", "x_fc_customer_id", "x_fc_content_hash")
READ_SIZE = 500


@dataclass(frozen=True, slots=True)
class PresentMove:
    """One entry of ours as Odoo holds it now. Amounts are whole minor units of its currency."""

    move_id: int
    name: str
    state: str
    move_type: str
    payment_state: str
    invoiced_on: date | None
    booked_on: date | None
    due_on: date | None
    ref: str
    partner_id: int | None
    currency_code: str
    untaxed_minor: int
    tax_minor: int
    total_minor: int
    residual_minor: int
    content_hash: str
    foreign_ids: tuple[str, ...]  # as desired.Invoice has them
    revision: int = 1  # how often this invoice was posted, this entry included
    run_id: str = ""
    corrected_by: str = ""  # of one that was reversed in full: the run that did it as the first half of a correction
    currency_rate: Decimal | None = None  # units of its currency for one of the company's; None = Odoo does not show it
    journal_id: int | None = None

    @property
    def has_comparable_hash(self) -> bool:
        """Whether its hash was made as hashes are made now. One of an older way, or none, says nothing about the source."""
        return self.content_hash.startswith(f"{ENTRY_HASH_VERSION}-")


@dataclass(frozen=True, slots=True)
class PresentPartner:
    """One customer of ours as Odoo holds him; `content_hash` is that of the values last written."""

    partner_id: int
    name: str
    is_active: bool
    content_hash: str


@dataclass(frozen=True, slots=True)
class PresentPayment:
    """One payment of ours as Odoo holds it; `settles` are the entries that it is matched with."""

    payment_id: int
    state: str
    amount_minor: int
    paid_on: date | None
    currency_code: str
    entry_id: int | None
    settles: tuple[int, ...]
    direction: str = "inbound"
    journal_id: int | None = None
    is_spent: bool = False  # nothing of it is left to match, whatever it was matched with
    revision: int = 1
    is_reversed: bool = False  # its entry was: the way back behind a lock date
    partner_id: int | None = None
    booked_for: str = ""  # the document that Odoo has it for, where a credit note named it since (named_later.py)

    @property
    def is_taken_back(self) -> bool:
        """Whether it counts no more: its entry was reversed, or Odoo calls it canceled or rejected."""
        return self.is_reversed or self.state in ("canceled", "rejected")


@dataclass(frozen=True)
class Present:
    """`moves` are the entries that stand; one that was reversed in full is in `taken_back`, oldest first, and counts no
    more (docs/decisions/0021). A payment that was taken back stays in `payments` until it is made again."""

    books: Books
    moves: Mapping[MoveKey, PresentMove] = field(default_factory=dict)
    repeated: Mapping[MoveKey, tuple[int, ...]] = field(default_factory=dict)  # more than one entry with this identity
    partners: Mapping[str, PresentPartner] = field(default_factory=dict)  # by customer_id
    payments: Mapping[PaymentKey, PresentPayment] = field(default_factory=dict)
    taken_back: Mapping[MoveKey, tuple[PresentMove, ...]] = field(default_factory=dict)
    gone_payment_ids: frozenset[int] = frozenset()  # of payments that were taken back
    foreign_numbers: Mapping[str, int] = field(
        default_factory=dict
    )  # in the numbers journal: name -> entry that is not ours
    in_the_way: Mapping[PaymentKey, str] = field(default_factory=dict)  # payment -> the document it may be booked for
    twins: Mapping[MoveKey, Twin] = field(default_factory=dict)  # what an invoice that is to be posted may be already

    @cached_property
    def numbers(self) -> Mapping[str, tuple[int, MoveKey | None]]:
        """The numbers that are taken in the numbers journal: each with its entry and, of ours, whose it is."""
        journal = self.books.numbers_journal
        found: dict[str, tuple[int, MoveKey | None]] = {name: (id, None) for name, id in self.foreign_numbers.items()}
        standing = ((key, (move,)) for key, move in self.moves.items())
        for key, moves in (*standing, *self.taken_back.items()):
            for move in moves:
                if journal and move.journal_id == journal.journal_id and move.state == "posted":
                    found[move.name] = (move.move_id, key)
        return found

    @cached_property
    def _payments_of(self) -> Mapping[tuple[str, str], list[tuple[PaymentKey, PresentPayment]]]:
        found: dict[tuple[str, str], list[tuple[PaymentKey, PresentPayment]]] = defaultdict(list)
        for key, payment in sorted(self.payments.items(), key=lambda item: item[0]):
            found[key.source_system, key.source_invoice_id].append((key, payment))
        return found

    def payments_of(self, document: MoveKey) -> Sequence[tuple[PaymentKey, PresentPayment]]:
        """The payments that belong to a document, by their ids."""
        return self._payments_of.get((document.source_system, document.source_invoice_id), ())

    def revision_of(self, key: MoveKey) -> int:
        """How often `key` was posted once it is posted next, or as it stands now: 1 for what never was reversed."""
        if move := self.moves.get(key):
            return move.revision
        return 1 + max((move.revision for move in self.taken_back.get(key, ())), default=0)


def revision_text(revision: int) -> str:
    """A revision as it stands in Odoo: the first posting carries none."""
    return str(revision) if revision > 1 else ""


def read_present(client: OdooReader, desired: Desired) -> Present:
    """What Odoo holds of ours, and of its own what `desired` leans on. Raises PermanentError when `nexabooks odoo
    setup` has not been run, and as the client does."""
    lacking = [
        name
        for model, fields in (
            ("account.move", MOVE_FIELDS),
            ("res.partner", PARTNER_FIELDS),
            ("account.payment", PAYMENT_FIELDS),
        )
        for name in sorted({f for f in fields if f.startswith("x_fc_")} - client.field_names(model))
    ]
    if lacking:
        raise PermanentError(
            f"Odoo lacks the fields {', '.join(dict.fromkeys(lacking))}. "
            "Run `nexabooks odoo setup --apply` once, then try again."
        )
    books = read_books(client, desired)
    found = read_moves(client, [["x_fc_source_invoice_id", "!=", False]])
    by_run = _reversed_in_full(client, found)
    back = {
        key: tuple(replace(m, corrected_by=by_run[m.move_id]) for m in moves if m.move_id in by_run)
        for key, moves in found.items()
    }
    found = {key: left for key, moves in found.items() if (left := [m for m in moves if m.move_id not in by_run])}
    payments, gone = _standing_payments(client)
    return Present(
        books=books,
        moves={key: moves[0] for key, moves in found.items() if len(moves) == 1},
        repeated={key: tuple(m.move_id for m in moves) for key, moves in found.items() if len(moves) > 1},
        partners=read_partners(client),
        payments=payments,
        taken_back={key: tuple(sorted(moves, key=lambda m: m.move_id)) for key, moves in back.items() if moves},
        gone_payment_ids=gone,
        foreign_numbers=_foreign_numbers(client, books),
        twins=read_twins(client, (i for i in desired.invoices if _may_be_posted(i, found.get(i.key, [])))),
    )


def _may_be_posted(invoice: Invoice, moves: Sequence[PresentMove]) -> bool:
    is_wanted = invoice.verdict == "verified" and invoice.is_postable
    return is_wanted and all(move.state == "draft" for move in moves)


def _foreign_numbers(client: OdooReader, books: Books) -> dict[str, int]:
    """What a person posted in the journal of the source's numbers."""
    if books.numbers_journal is None:
        return {}
    domain = [["journal_id", "=", books.numbers_journal.journal_id], ["state", "=", "posted"]]
    rows = client.all_of("account.move", [*domain, ["x_fc_source_invoice_id", "=", False]], ["id", "name"])
    return {text_of(row["name"]): row["id"] for row in rows}


def _reversed_in_full(client: OdooReader, found: Mapping[MoveKey, list[PresentMove]]) -> dict[int, str]:
    """entry -> the run whose correction reversed it ('' for another reason), of those entries whose posted reversals add up
    to them. A credit note of the source is none: it reverses nothing."""
    domain = [["reversed_entry_id.x_fc_source_invoice_id", "!=", False], ["state", "=", "posted"]]
    here = [["company_id", "=", client.company_id], *domain]
    back_minor: Counter[int] = Counter()
    by_run: dict[int, str] = {}
    for row in client.all_of("account.move", here, ["reversed_entry_id", "amount_total", "currency_id", "ref"]):
        entry_id = row["reversed_entry_id"][0]
        back_minor[entry_id] += minor_of(row["amount_total"], row["currency_id"][1])
        by_run[entry_id] = "" if entry_id in by_run else corrected_by(row)  # in several parts it was no correction
    moves = [move for some in found.values() for move in some]
    reversed_ids = [m.move_id for m in moves if m.state == "posted" and back_minor.get(m.move_id) == m.total_minor]
    return {move_id: by_run[move_id] for move_id in reversed_ids}


def _standing_payments(client: OdooReader) -> tuple[dict[PaymentKey, PresentPayment], frozenset[int]]:
    """(the payment that stands for each key, or else the one taken back last; the ids of all that were taken back)."""
    found: dict[PaymentKey, list[PresentPayment]] = {}
    here = [["company_id", "=", client.company_id], ["x_fc_payment_id", "!=", False]]
    for record in client.all_of("account.payment", here, PAYMENT_FIELDS):
        found.setdefault(_payment_key(record), []).append(_payment(record))
    loose = [p.entry_id for some in found.values() for p in some if p.entry_id and p.state != "draft" and not p.settles]
    reversed_entries: set[int] = set()
    for start in range(0, len(loose), READ_SIZE):
        domain = [["reversed_entry_id", "in", loose[start : start + READ_SIZE]], ["state", "=", "posted"]]
        reversed_entries |= {
            r["reversed_entry_id"][0] for r in client.all_of("account.move", domain, ["reversed_entry_id"])
        }
    standing: dict[PaymentKey, PresentPayment] = {}
    gone: set[int] = set()
    for key, some in found.items():
        marked = [replace(p, is_reversed=p.entry_id in reversed_entries) for p in some]
        gone |= {p.payment_id for p in marked if p.is_taken_back}
        standing[key] = max(marked, key=lambda p: (not p.is_taken_back, p.revision))
    return standing, frozenset(gone)


def read_moves(
    client: OdooReader, domain: list[Any], *, without: Collection[int] = ()
) -> dict[MoveKey, list[PresentMove]]:
    """Our entries in `domain`, by identity, less those with the ids `without`."""
    found: dict[MoveKey, list[PresentMove]] = {}
    here = [["company_id", "=", client.company_id], *domain]
    for record in client.all_of("account.move", here, (*MOVE_FIELDS, RATE_FIELD)):
        key = MoveKey(
            text_of(record["x_fc_source_system"]),
            text_of(record["x_fc_source_invoice_id"]),
            kind_of(record),
        )
        if record["id"] not in without:
            found.setdefault(key, []).append(_move(record))
    return found


def _move(record: Mapping[str, Any]) -> PresentMove:
    currency_code = record["currency_id"][1]
    return PresentMove(
        move_id=record["id"],
        name=text_of(record["name"]),
        state=record["state"],
        move_type=record["move_type"],
        payment_state=text_of(record["payment_state"]),
        invoiced_on=day_of(record["invoice_date"]),
        booked_on=day_of(record["date"]),
        due_on=day_of(record["invoice_date_due"]),
        ref=text_of(record["ref"]),
        partner_id=id_of(record["partner_id"]),
        currency_code=currency_code,
        untaxed_minor=minor_of(record["amount_untaxed"], currency_code),
        tax_minor=minor_of(record["amount_tax"], currency_code),
        total_minor=minor_of(record["amount_total"], currency_code),
        residual_minor=minor_of(record["amount_residual"], currency_code),
        content_hash=text_of(record["x_fc_content_hash"]),
        foreign_ids=tuple(text_of(record[name]) for name in FOREIGN_IDS),
        revision=int(text_of(record["x_fc_revision"]) or 1),
        run_id=text_of(record["x_fc_run_id"]),
        currency_rate=Decimal(record[RATE_FIELD]) if record.get(RATE_FIELD) else None,
        journal_id=id_of(record["journal_id"]),
    )


def read_partners(client: OdooReader, customer_ids: list[str] | None = None) -> dict[str, PresentPartner]:
    """Our customers, archived ones too."""
    ours = ["x_fc_customer_id", "!=", False] if customer_ids is None else ["x_fc_customer_id", "in", customer_ids]
    records = client.all_of("res.partner", [ours, ["active", "in", [True, False]]], PARTNER_FIELDS)
    return {
        record["x_fc_customer_id"]: PresentPartner(
            record["id"], text_of(record["name"]), bool(record["active"]), text_of(record["x_fc_content_hash"])
        )
        for record in records
    }


def read_payments(
    client: OdooReader, domain: list[Any], *, without: Collection[int] = ()
) -> dict[PaymentKey, PresentPayment]:
    """Our payments in `domain`, less those with the ids `without`."""
    here = [["company_id", "=", client.company_id], *domain]
    records = client.all_of("account.payment", here, PAYMENT_FIELDS)
    return {_payment_key(record): _payment(record) for record in records if record["id"] not in without}


def _payment_key(record: Mapping[str, Any]) -> PaymentKey:
    return PaymentKey(
        text_of(record["x_fc_source_system"]),
        text_of(record["x_fc_payment_id"]),
        text_of(record["x_fc_source_invoice_id"]),
    )


def _payment(record: Mapping[str, Any]) -> PresentPayment:
    return PresentPayment(
        payment_id=record["id"],
        state=record["state"],
        amount_minor=minor_of(record["amount"], record["currency_id"][1]),
        paid_on=day_of(record["date"]),
        currency_code=record["currency_id"][1],
        entry_id=id_of(record["move_id"]),
        settles=tuple(record["reconciled_invoice_ids"]),
        direction=record["payment_type"],
        journal_id=id_of(record["journal_id"]),
        is_spent=bool(record["is_reconciled"]),
        partner_id=id_of(record["partner_id"]),
        revision=int(text_of(record["x_fc_revision"]) or 1),
    )
