"""The invoices of the trap world, each named for its trap; traps.EXPECTED says what must become of it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from nexabooks.sandbox import traps_people as people
from nexabooks.sandbox.making import GST_QST, NO_TAX, item, payment, stripe_id, toronto, utc
from nexabooks.sandbox.traps_making import MAY, PAID_AT, credited, of_lago, of_stripe, paid_later, with_payments
from nexabooks.sandbox.world import Dispute, Invoice, Refund, Tax


def _tie(n: int) -> Invoice:
    """Made, finalized and paid in one second, and its two siblings too."""
    at = utc("2026-05-06T12:00:00")
    return of_stripe(f"tie-{n}", [item("Forms Builder", 2499 + n)], at="2026-05-06T12:00:00", created_at=at, paid_at=at)


def at_stripe() -> list[Invoice]:
    """The traps of Stripe."""
    hosting = "Odoo ERP Hosting (Production)"
    refund = Refund(stripe_id("re", "traps"), utc("2026-05-23T10:00"), 5650)
    dispute = Dispute(stripe_id("dp", "traps"), utc("2026-05-25T10:00"), 33900)
    wrong_sum = of_stripe("lines-do-not-add-up", [item(hosting, 9000)])
    deleted = of_stripe("deleted-draft", [item(hosting, 8000)], status="draft", paid_at=None, is_known=False)
    in_cloud = of_stripe("deleted-draft-in-nexacloud", [item(hosting, 8000)], status="draft", paid_at=None)
    gone: dict[str, Any] = {"is_deleted": True, "deleted_at": utc("2026-05-10T09:00")}
    return [
        of_stripe("plain", [item(hosting, 140000, MAY)]),
        # Its charge was settled in CAD at another rate than that of the day of its invoice: 99.00 USD became 135.88 CAD.
        with_payments(
            of_stripe(
                "us-dollars",
                [item("WhatsApp Business Channel", 9900, taxes=NO_TAX)],
                user=people.AMERICAN,
                currency_code="USD",
            ),
            exchange_rate=Decimal("1.3725"),
        ),
        paid_later(
            of_stripe(
                "partial-payment",
                [item("Managed Odoo migration", 500000)],
                paid_at=None,
                status="open",
                due_at=utc("2026-06-04T14:00"),
            ),
            (200000, False),
            (65000, True),
        ),
        credited(of_stripe("credit-note", [item(hosting, 40000)]), "credit-note", 10000, 1300),
        credited(
            of_stripe("credit-note-before-payment", [item(hosting, 100000)], paid_at=None, status="open"),
            "credit-note-before-payment",
            20000,
            2600,
            is_pre_payment=True,
        ),
        with_payments(of_stripe("refund", [item("Daily Backup Protection", 5000)]), refunds=(refund,)),
        with_payments(of_stripe("dispute", [item(hosting, 30000)]), disputes=(dispute,)),
        of_stripe(
            "negative-total",
            [
                item("Unused time on Managed Odoo - Premium after 4 May 2026", -29900),
                item("Remaining time on Managed Odoo - Standard after 4 May 2026", 13835),
            ],
            user=people.DOWNGRADER,
            paid_at=None,
        ),
        of_stripe(
            "balance-pays-part",
            [item("Managed Odoo - Premium", 29900)],
            user=people.DOWNGRADER,
            at="2026-05-12T14:00",
            starting_balance_minor=-18153,
        ),
        of_stripe(
            "discount",
            [
                item("Forms Builder", 3333, discount_minor=333),
                item("White Label", 3333, discount_minor=333),
                item("WhatsApp", 3334, discount_minor=334),
            ],
        ),
        of_stripe("discount-all", [item("Managed Odoo - Standard", 4999, discount_minor=4999)], paid_at=None),
        of_stripe("twenty-five-lines", [item(f"WhatsApp Business Channel, number {n}", 1084) for n in range(1, 26)]),
        of_stripe("many-lines", [item(f"Forms Builder, form {n}", 169) for n in range(1, 138)]),
        of_stripe("tax-by-line", [item("White Label", 105) for _ in range(3)], tax_rounding="line"),
        of_stripe("gst", [item(hosting, 12000, taxes=("gst_5",))], user=people.ALBERTAN),
        of_stripe(
            "gst-qst",
            [item("Daily Backup Protection", 4999, taxes=GST_QST), item(hosting, 15900, taxes=GST_QST)],
            user=people.QUEBECER,
        ),
        of_stripe("exempt", [item("Managed Odoo - Standard", 7500, taxes=NO_TAX)], user=people.EXEMPT),
        of_stripe(
            "taxed-and-not",
            [
                item("White Label", 12345),
                item("Forms Builder", 20000, taxes=NO_TAX),
                item("WhatsApp", 5000, taxes=NO_TAX),
            ],
        ),
        _foreign_tax(),
        of_stripe(
            "deployment-one",
            [item("WordPress Website Hosting - Managed (at $50.00 / month)", 5000, MAY)],
            user=people.TWICE,
            subscription_id=people.sub("one"),
        ),
        of_stripe(
            "deployment-two",
            [item("WordPress Website Hosting - Managed (at $50.00 / month)", 5000, MAY)],
            user=people.TWICE,
            subscription_id=people.sub("two"),
        ),
        _tie(1),
        _tie(2),
        _tie(3),
        of_stripe("deleted-customer", [item("Managed Odoo - Standard (at $49.99 / month)", 4999)], user=people.DELETED),
        replace(deleted, **gone),
        replace(in_cloud, **gone),
        of_stripe("no-price", [item("Legacy plan", 3300, MAY)], subscription_id=people.sub("no-price")),
        replace(
            wrong_sum,
            subtotal_minor=10000,
            tax_minor=1300,
            total_minor=11300,
            payments=(payment("stripe", "sum", PAID_AT, 11300),),
        ),
        paid_later(of_stripe("paid-but-owing", [item(hosting, 10000)], status="paid"), (11200, False)),
        of_stripe(
            "html-and-emoji", [item("<script>alert('☕')</script> White Label & \"more\" 🍰", 6600)], user=people.EMOJI
        ),
        of_stripe("month-edge", [item(hosting, 8800)], at="2026-06-01T03:30", paid_at=utc("2026-06-01T10:00")),
        replace(
            of_stripe("moved-back", [item(hosting, 7700)]),
            created_at=utc("2026-05-04T12:00"),
            issued_at=toronto("2026-04-30T20:00"),
            due_at=toronto("2026-04-30T20:00"),
        ),
        of_stripe(
            "unknown-to-nexacloud", [item("Geocoding quota, 5 M requests", 4200)], user=people.OUTSIDER, is_known=False
        ),
    ]


def _foreign_tax() -> Invoice:
    """19 % that no code of the company stands for."""
    line = replace(
        item("WhatsApp Business Channel", 10000, taxes=NO_TAX), taxes=(Tax("vat_19", Decimal(19), 1900, 10000),)
    )
    made = of_stripe(
        "foreign-tax", [item("WhatsApp Business Channel", 10000, taxes=NO_TAX)], user=people.GERMAN, currency_code="EUR"
    )
    paid = (payment("stripe", "foreign-tax", PAID_AT, 11900),)
    line = replace(line, id=made.lines[0].id)
    return replace(made, lines=(line,), taxes=line.taxes, tax_minor=1900, total_minor=11900, payments=paid)


def at_lago() -> list[Invoice]:
    """The traps of Lago."""
    fees = (*(145,) * 60, *(155,) * 59, 366)
    many = of_lago(
        "lago-many-fees",
        [item(f"WhatsApp messages, day {n}", fee) for n, fee in enumerate(fees, 1)],
        tax_rounding="line",
    )
    # Lago rounds the document once (2367) and each fee by itself (2368 in all).
    many = replace(
        many,
        tax_minor=2367,
        total_minor=20578,
        taxes=(Tax("hst_13", Decimal(13), 2367, 18211),),
        payments=(payment("lago", "many", PAID_AT, 20578),),
    )
    quebec = of_lago("lago-gst-qst", [item("White Label", 12345, taxes=GST_QST)], user=people.QUEBECER)
    quebec = replace(quebec, tax_minor=1849, total_minor=14194, payments=(payment("lago", "quebec", PAID_AT, 14194),))
    return [
        of_lago("lago-plain", [item("Chat plan, monthly", 11234)]),
        of_lago("lago-coupon", [item("Chat plan, monthly", 15000, discount_minor=2000)]),
        paid_later(of_lago("lago-partial-payment", [item("Chat plan, annual", 100000)], paid_at=None), (40000, False)),
        many,
        quebec,
        credited(
            of_lago("lago-credit-note", [item("Chat plan, monthly", 20000)]),
            "lago-credit-note",
            5000,
            650,
            consumed_minor=5650,
        ),
        of_lago("lago-draft-1", [item("Chat plan, monthly", 10300)], status="draft", paid_at=None),
        of_lago("lago-draft-2", [item("Chat plan, monthly", 4500)], status="draft", paid_at=None),
        of_lago(
            "lago-void",
            [item("Chat plan, monthly", 10000)],
            status="voided",
            paid_at=None,
            voided_at=utc("2026-05-08T10:00"),
        ),
        of_lago("lago-zero", [item("Chat plan, trial", 0)], paid_at=None),
        of_lago("lago-deleted-customer", [item("Chat plan, monthly", 6000)], user=people.DELETED),
        of_lago("lago-same-person", [item("Chat plan, monthly", 2900)], user=people.CHATTER, is_known=False),
    ]
