"""The money of the trap world: every way in which an invoice is paid, credited, refunded, disputed or given up.

`at_stripe()` and `at_lago()` are invoices of the trap world; traps.EXPECTED says what becomes of each document.
`of_nobody()` is what Stripe took for no invoice at all. `MONEY` is one row a movement that must be booked, `OPEN` what the
ledger then has open of a document, `CREDIT_MINOR` what the account of customer credit holds, `BREAKS` what a person must be
shown, `PAID_OUT` which of Lago's invoices a payout brought the money of. The figures keep the identities of
facts/stripe.md ("Amount identities", "Worked examples") and facts/lago.md ("Amounts", "Credit notes").
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from nexabooks.sandbox import traps_people as people
from nexabooks.sandbox.making import NO_TAX, item, payment, stripe_id, utc
from nexabooks.sandbox.traps_making import PAID_AT, credited, of_lago, of_stripe, paid_later, with_payments
from nexabooks.sandbox.world import Charge, Dispute, Invoice, Payment, Refund, User

HOSTING, CHAT = "Odoo ERP Hosting (Production)", "Chat plan, monthly"
REFUNDED_AT = utc("2026-05-23T10:00")
NAMED_AT = utc("2026-06-02T15:00")


def refund_id(name: str) -> str:
    """The id of the refund of a trap's payment."""
    return stripe_id("re", name)


def dispute_id(name: str) -> str:
    """The id of the dispute about a trap's payment."""
    return stripe_id("dp", name)


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement that must be booked for the document `name` of `source` (`kind`: invoice, credit_note)."""

    name: str
    source: str
    kind: str
    movement: str
    direction: str
    route: str
    settles_kind: str
    amount_minor: int
    paid_on: str  # in Toronto


def _in(name: str, amount: int, on: str = "2026-05-20", *, source: str = "stripe", route: str = "stripe") -> Movement:
    return Movement(name, source, "invoice", "payment", "inbound", route, "invoice", amount, on)


def _used(name: str, amount: int, on: str, *, source: str = "stripe") -> Movement:
    return Movement(name, source, "invoice", "credit_used", "inbound", "balance", "invoice", amount, on)


def _out(
    name: str,
    movement: str,
    amount: int,
    on: str,
    *,
    source: str = "stripe",
    route: str = "stripe",
    settles: str = "credit_note",
) -> Movement:
    kind = "credit_note" if settles == "credit_note" else "invoice"
    return Movement(name, source, kind, movement, "outbound", route, settles, amount, on)


_NOTE_DAY = "2026-05-22"
# Every movement of the documents that are named here, and only those.
MONEY: tuple[Movement, ...] = (
    _in("partial-payment", 200000),
    _in("partial-payment", 65000, "2026-05-21", route="elsewhere"),
    _in("two-payments", 200000),
    _in("two-payments", 139000, "2026-05-21", route="elsewhere"),
    _in("out-of-band", 135600, route="elsewhere"),
    _in("overpaid", 120000),
    _out("overpaid", "overpayment", 7000, "2026-05-20", route="balance", settles="payment"),
    _in("failed-then-paid", 5650, "2026-05-21"),
    _in("balance-pays-part", 15634),
    _used("balance-pays-part", 18153, "2026-05-12"),
    _used("balance-pays-all", 4520, "2026-05-26"),
    _used("below-minimum", 40, "2026-05-04"),
    _in("credit-note", 45200),
    _out("credit-note", "refund", 11300, _NOTE_DAY, route="elsewhere"),
    _in("credited-to-balance", 22600),
    _out("credited-to-balance", "credit_given", 11300, _NOTE_DAY, route="balance"),
    _in("credited-and-refunded", 22600),
    _out("credited-and-refunded", "refund", 11300, "2026-05-23"),
    _in("credited-both-ways", 22600),
    _out("credited-both-ways", "refund", 5000, "2026-05-23"),
    _out("credited-both-ways", "credit_given", 6300, _NOTE_DAY, route="balance"),
    _in("refund", 5650),
    _out("refund", "refund", 5650, "2026-05-23", settles=""),
    _in("refund-failed", 6780),
    _in("dispute", 33900),
    _out("dispute", "dispute", 33900, "2026-05-25", settles=""),
    _in("dispute-lost", 9040),
    _out("dispute-lost", "dispute", 9040, "2026-05-25", settles=""),
    _in("dispute-won", 7910),
    _out("dispute-won", "dispute", 7910, "2026-05-25", settles=""),
    Movement("dispute-won", "stripe", "invoice", "reinstatement", "inbound", "stripe", "payment", 7910, "2026-05-30"),
    _in("uncollectible", 50000),
    _in("lago-top-up", 50000, source="lago"),
    _in("lago-prepaid-part", 5340, source="lago"),
    _used("lago-prepaid-part", 15000, "2026-05-04", source="lago"),
    _in("lago-credit-note", 22600, source="lago"),
    _out("lago-credit-note", "credit_given", 5650, _NOTE_DAY, source="lago", route="balance"),
    _in("lago-credit-used", 11300, "2026-05-28", source="lago"),
    _used("lago-credit-used", 5650, "2026-05-26", source="lago"),
    _in("lago-refunded", 22600, source="lago"),
    _out("lago-refunded", "refund", 5650, _NOTE_DAY, source="lago"),
    _in("lago-shared-1", 3390, source="lago"),
    _in("lago-shared-2", 4520, source="lago"),
    # What went back of these two at Stripe is in no figure of Lago's: a person books it.
    _in("lago-refund", 3390, source="lago"),
    _in("lago-dispute", 5650, source="lago"),
    _in("lago-by-hand", 2260, source="lago", route="elsewhere"),
)

# (name, kind) -> what the ledger has open of it once everything is booked. Every other posted document has nothing open.
OPEN: dict[tuple[str, str], int] = {
    ("partial-payment", "invoice"): 300000,
    ("credit-note-before-payment", "invoice"): 90400,
    ("uncollectible", "invoice"): 63000,
    ("refund-failed", "credit_note"): 2260,
    ("lago-partial-payment", "invoice"): 73000,
    ("lago-offset", "invoice"): 16950,
}

# The account of customer credit and prepaid, in cents of CAD, what we owe counted positive: 7000 + 11300 - 4520 - 40
# (owed to us) - 18153 (given by a negative invoice that is parked) + 6300 + 50000 - 15000 + 5650 - 5650.
CREDIT_MINOR = 36887

BY_HAND = "by-hand"
# The movements at Stripe that no document names, by their ids there; the name and the kind that they have in BREAKS.
LOOSE: dict[str, tuple[str, str]] = {
    stripe_id("ch", BY_HAND): (BY_HAND, "charge"),
    stripe_id("re", BY_HAND): (BY_HAND, "refund"),
}

# (class, name, kind): what a person must be shown about money. Others, such as what is parked, stand in EXPECTED.
BREAKS: tuple[tuple[str, str, str], ...] = (
    ("refund_without_credit_note", "refund", "invoice"),
    ("refund_open", "refund-failed", "credit_note"),
    ("dispute_open", "dispute", "invoice"),
    ("dispute_lost", "dispute-lost", "invoice"),
    ("uncollectible", "uncollectible", "invoice"),
    ("refund_without_credit_note", "lago-refund", "invoice"),
    ("dispute_open", "lago-dispute", "invoice"),
    ("money_without_document", BY_HAND, "charge"),
    ("money_without_document", BY_HAND, "refund"),
)

# The Friday of a payout -> the invoices of Lago that its charges paid. A charge of nobody's is in the first one too.
PAID_OUT: dict[str, set[str]] = {
    "2026-05-22": {
        "lago-plain",
        "lago-coupon",
        "lago-partial-payment",
        "lago-many-fees",
        "lago-gst-qst",
        "lago-credit-note",
        "lago-deleted-customer",
        "lago-same-person",
        "lago-top-up",
        "lago-prepaid-part",
        "lago-granted-part",
        "lago-untold-part",
        "lago-refunded",
        "lago-refund",
        "lago-dispute",
        "lago-shared-1",
        "lago-shared-2",
    },
    "2026-05-29": {"lago-credit-used"},
}


def payout_id(friday: str) -> str:
    """The id of the payout in CAD of the week that ends on `friday`."""
    return stripe_id("po", friday)


# What a person need not be shown any more on the day after, when a credit note names what went back.
SETTLED_LATER = ("refund_without_credit_note", "refund", "invoice")


def named_later(made: Invoice) -> Invoice:
    """The trap `refund` on the day after: a credit note over all of what went back, made when it was in the books already."""
    (paid,) = made.payments
    (refund,) = paid.refunds
    later = credited(made, "refund", 5000, 650, refund_id=refund.id, refunded_minor=refund.amount_minor)
    return replace(later, credit_notes=tuple(replace(n, created_at=NAMED_AT) for n in later.credit_notes))


def at_stripe() -> list[Invoice]:
    """The money traps of Stripe."""
    return [
        paid_later(
            of_stripe("two-payments", [item("Managed Odoo migration", 300000)]), (200000, False), (139000, True)
        ),
        paid_later(of_stripe("out-of-band", [item(HOSTING, 120000)]), (135600, True)),
        # A transfer of more than was asked for; the rest is credit of the customer.
        paid_later(of_stripe("overpaid", [item(HOSTING, 100000)], user=people.CREDITED), (120000, False)),
        _failed_then_paid(),
        credited(
            of_stripe("credited-to-balance", [item(HOSTING, 20000)], user=people.CREDITED),
            "credited-to-balance",
            10000,
            1300,
            credited_minor=11300,
        ),
        of_stripe(
            "balance-pays-all",
            [item("White Label", 4000)],
            user=people.CREDITED,
            at="2026-05-26T14:00",
            paid_at=None,
            status="paid",
            starting_balance_minor=-18300,
        ),
        # Less than the least that Stripe charges: it asks for nothing, and for 40 more with the next invoice.
        of_stripe(
            "below-minimum",
            [item("WhatsApp", 35)],
            user=people.DEBTOR,
            status="paid",
            payments=(),
            is_below_minimum=True,
        ),
        of_stripe(
            "owes-from-before",
            [item("Managed Odoo - Standard", 4999)],
            user=people.DEBTOR,
            at="2026-05-12T14:00",
            starting_balance_minor=40,
        ),
        _refunded("credited-and-refunded", 20000, 10000, 1300),
        _refunded("credited-both-ways", 20000, 10000, 1300, refunded_minor=5000, user=people.TWICE),
        _refunded("refund-failed", 6000, 2000, 260, status="failed"),
        _disputed("dispute-lost", 8000, "lost"),
        _disputed("dispute-won", 7000, "won"),
        paid_later(
            of_stripe(
                "uncollectible",
                [item(HOSTING, 100000)],
                paid_at=None,
                status="uncollectible",
                uncollectible_at=utc("2026-05-29T10:00"),
            ),
            (50000, False),
        ),
    ]


def _failed_then_paid() -> Invoice:
    """Declined on the 20th, paid on the 21st."""
    made = paid_later(of_stripe("failed-then-paid", [item(HOSTING, 5000)]), (5650, False), (5650, False))
    declined, paid = made.payments
    return replace(made, paid_at=paid.paid_at, payments=(replace(declined, status="failed", payout_id=""), paid))


def _refunded(
    name: str,
    subtotal: int,
    credit: int,
    tax: int,
    *,
    status: str = "succeeded",
    refunded_minor: int | None = None,
    user: User = people.PLAIN,
) -> Invoice:
    """Credited after payment, and the credit is to go back to the card; beyond `refunded_minor`, to the customer's balance."""
    back = credit + tax if refunded_minor is None else refunded_minor
    refund = Refund(refund_id(name), REFUNDED_AT, back, status)
    made = with_payments(of_stripe(name, [item(HOSTING, subtotal)], user=user), refunds=(refund,))
    kept = credit + tax - back
    return credited(made, name, credit, tax, refund_id=refund.id, refunded_minor=back, credited_minor=kept)


def _disputed(name: str, subtotal: int, status: str) -> Invoice:
    made = of_stripe(name, [item(HOSTING, subtotal)])
    dispute = Dispute(
        dispute_id(name), utc("2026-05-25T10:00"), made.total_minor, status, closed_at=utc("2026-05-30T10:00")
    )
    return with_payments(made, disputes=(dispute,))


def _given_back(name: str, amount_minor: int) -> Refund:
    return Refund(refund_id(name), REFUNDED_AT, amount_minor)


def of_nobody() -> tuple[Charge, ...]:
    """A charge that somebody made by hand at Stripe, and a part of it that he gave back."""
    taken = payment("stripe", BY_HAND, utc("2026-05-21T15:00"), 4321, refunds=(_given_back(BY_HAND, 1000),))
    return (Charge(people.PLAIN.id, "CAD", "Set-up, as agreed on the phone", taken),)


def at_lago() -> list[Invoice]:
    """The money traps of Lago."""
    together: Payment = payment("lago", "shared", PAID_AT, 3390)
    return [
        of_lago(
            "lago-top-up",
            [item("Prepaid credits", 50000, taxes=NO_TAX)],
            user=people.PREPAYER,
            lago_invoice_type="credit",
        ),
        paid_later(
            of_lago("lago-prepaid-part", [item(CHAT, 18000)], user=people.PREPAYER, lago_purchased_minor=15000),
            (5340, False),
        ),
        paid_later(
            of_lago(
                "lago-granted-part",
                [item(CHAT, 10000)],
                user=people.PREPAYER,
                lago_granted_minor=2000,
                lago_purchased_minor=3000,
            ),
            (6300, False),
        ),
        paid_later(
            of_lago(
                "lago-untold-part",
                [item(CHAT, 10000)],
                user=people.PREPAYER,
                lago_purchased_minor=5000,
                lago_tells_split=False,
            ),
            (6300, False),
        ),
        replace(
            of_lago("lago-credit-used", [item(CHAT, 15000)], at="2026-05-26T14:00", lago_credit_notes_minor=5650),
            payments=(payment("lago", "credit-used", utc("2026-05-28T15:00"), 11300),),
        ),
        # Lago has Stripe give back what its credit note refunds.
        credited(
            with_payments(of_lago("lago-refunded", [item(CHAT, 20000)]), refunds=(_given_back("lago-refunded", 5650),)),
            "lago-refunded",
            5000,
            650,
            refunded_minor=5650,
        ),
        # Given back by hand at Stripe, and withdrawn by the bank: Lago still has both as paid.
        with_payments(of_lago("lago-refund", [item(CHAT, 3000)]), refunds=(_given_back("lago-refund", 3390),)),
        with_payments(
            of_lago("lago-dispute", [item(CHAT, 5000)]),
            disputes=(Dispute(dispute_id("lago-dispute"), utc("2026-05-25T10:00"), 5650),),
        ),
        credited(
            of_lago("lago-offset", [item(CHAT, 20000)], paid_at=None), "lago-offset", 5000, 650, offset_minor=5650
        ),
        replace(of_lago("lago-shared-1", [item(CHAT, 3000)]), payments=(together,)),
        replace(of_lago("lago-shared-2", [item(CHAT, 4000)]), payments=(replace(together, amount_minor=4520),)),
        paid_later(of_lago("lago-by-hand", [item(CHAT, 2000)]), (2260, True)),
    ]
