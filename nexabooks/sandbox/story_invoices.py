"""The story's 31 invoices as they truly are at Stripe and Lago, beside what NexaCloud's synchronisation stamped on
them.

Every amount is a literal, before tax, in cents; HST is 13 % of the document, rounded once. The sums that the story
promises (3,403.46 with HST; 2,881.08 and 180.79 before it; 877.99, 872.66 and 32.20 a month) are tests, not
arithmetic of this file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from nexabooks.sandbox.making import invoice, item, month, stripe_id, utc, year_from
from nexabooks.sandbox.story_people import BAKERY, DENTAL, LEGAL, PASTRY, ROBOTICS, TRANSLATOR, YOGA, subscription_id
from nexabooks.sandbox.world import Invoice, Line, User

TRAINING_ID = stripe_id("in", "stripe:training")
TRAINING_AGAIN_ID = stripe_id("in", "stripe:training-again")
VOID_ID = stripe_id("in", "stripe:void")

SYNC_AT = utc("2026-05-28T09:15:07")  # the day NexaCloud's synchronisation ran, and stamped nearly everything
LAST_SYNC_AT = utc("2026-06-01T09:15:04")

MARCH, APRIL, MAY = month("2026-03"), month("2026-04"), month("2026-05")


def _lago(name: str, number: str, user: User, day: str, items: Sequence[Line], **more: Any) -> Invoice:
    at = utc(f"{day}T07:02:11")
    return invoice("lago", name, number, user, at, items, paid_at=at + timedelta(hours=29), **more)


def _stripe(name: str, number: str, user: User, at: str, items: Sequence[Line], **more: Any) -> Invoice:
    issued_at = utc(at)
    values: dict[str, Any] = {"paid_at": issued_at + timedelta(hours=3, minutes=12)} | more
    return invoice("stripe", name, number, user, issued_at, items, **values)


def _hosting(period: tuple[datetime, datetime] | None) -> list[Line]:
    """The bakery's month of hosting: 214.50."""
    return [
        item("Odoo ERP Hosting (Production, 4 vCPU)", 16450, period),
        item("WordPress Website Hosting - Managed (at $50.00 / month)", 5000, period),
    ]


def _standard(period: tuple[datetime, datetime]) -> list[Line]:
    return [
        item("Managed Odoo - Standard (at $49.99 / month)", 4999, period),
        item("Daily Backup Protection", 999, period),
    ]


def _from_lago() -> list[Invoice]:
    premium, site = subscription_id("premium"), subscription_id("site-translator")
    return [
        _lago("hosting-02", "NEX-2026-0001", BAKERY, "2026-02-01", _hosting(None)),
        _lago("label", "NEX-2026-0002", YOGA, "2026-02-10", [item("White Label", 4900), item("Forms Builder", 1900)]),
        _lago("trial", "NEX-2026-0003", YOGA, "2026-02-15", [item("Forms Builder (trial month)", 0)]),
        _lago("hosting-03", "NEX-2026-0004", BAKERY, "2026-03-01", _hosting(MARCH)),
        _lago("standard-03", "NEX-2026-0005", DENTAL, "2026-03-02", _standard(MARCH)),
        _lago(
            "enterprise-03",
            "NEX-2026-0006",
            LEGAL,
            "2026-03-03",
            [item("Managed Odoo - Enterprise (at $399.00 / month)", 39900, MARCH)],
        ),
        _lago(
            "channels-03",
            "NEX-2026-0007",
            PASTRY,
            "2026-03-05",
            [
                item("WhatsApp Business Channel (2,677 messages)", 8031, MARCH, quantity=2677),
                item("Forms Builder", 1900, MARCH),
                item("White Label (reseller price)", 3900, MARCH),
            ],
        ),
        _lago(
            "quota",
            "NEX-2026-0008",
            TRANSLATOR,
            "2026-03-15",
            [item("WhatsApp Business Channel (inside the quota)", 0, quantity=212)],
        ),
        _lago(
            "whatsapp",
            "NEX-2026-0009",
            ROBOTICS,
            "2026-03-20",
            [item("Remaining time on WhatsApp Business Channel after 20 Mar 2026", 3463)],
        ),
        _lago(
            "premium-03",
            "NEX-2026-0010",
            YOGA,
            "2026-03-28",
            [item("Remaining time on Managed Odoo - Premium (at $200.00 / month) after 28 Mar 2026", 2198, MARCH)],
            subscription_id=premium,
        ),
        _lago(
            "site-03",
            "NEX-2026-0011",
            TRANSLATOR,
            "2026-03-28",
            [
                item(
                    "Remaining time on WordPress Website Hosting - Managed (at $50.00 / month) after 28 Mar 2026",
                    549,
                    MARCH,
                )
            ],
            subscription_id=site,
        ),
    ]


def _from_stripe() -> list[Invoice]:
    return [
        # Issued at 23:30 on 31 March in Toronto, which is April in UTC.
        _stripe(
            "standard-03",
            "NXC-0001",
            ROBOTICS,
            "2026-04-01T03:30:00",
            [*_standard(MARCH), item("Daily Backup Protection, extra retention", 622, MARCH)],
        ),
        _stripe("hosting-04", "NXC-0002", BAKERY, "2026-04-01T13:01:00", _hosting(APRIL)),
        _stripe(
            "standard-04",
            "NXC-0003",
            DENTAL,
            "2026-04-02T13:01:00",
            [*_standard(APRIL), item("WhatsApp Business Channel", 2537, APRIL)],
        ),
        _stripe(
            "enterprise-04",
            "NXC-0004",
            LEGAL,
            "2026-04-03T13:01:00",
            [item("Managed Odoo - Enterprise (at $399.00 / month)", 39900, APRIL)],
        ),
        _stripe(
            "channels-04",
            "NXC-0005",
            PASTRY,
            "2026-04-05T13:01:00",
            [
                item("White Label (reseller price)", 3900, APRIL),
                item("Forms Builder", 1900, APRIL),
                item("WhatsApp Business Channel (3,860 messages and 2 numbers)", 11581, APRIL),
            ],
        ),
        _stripe(
            "zero-forms",
            "NXC-0006",
            YOGA,
            "2026-04-10T13:01:00",
            [
                item("Unused time on Forms Builder after 10 Apr 2026", -1267),
                item("Remaining time on Forms Builder after 10 Apr 2026", 1267),
            ],
        ),
        _stripe(
            "void",
            "NXC-0007",
            TRANSLATOR,
            "2026-04-12T13:01:00",
            [item("Managed Odoo - Standard (at $49.99 / month)", 4999)],
            status="void",
            paid_at=None,
            voided_at=utc("2026-04-15T18:40:00"),
        ),
        # Paid by bank debit; on the story's second day the bank sends the money back.
        _stripe(
            "training", "NXC-0008", LEGAL, "2026-04-20T13:01:00", [item("Data migration and on-site training", 18000)]
        ),
        _stripe(
            "label-04",
            "NXC-0009",
            DENTAL,
            "2026-04-22T13:01:00",
            [item("White Label", 4900), item("WhatsApp Business Channel", 3850)],
        ),
        _stripe(
            "essentials",
            "NXC-0010",
            PASTRY,
            "2026-04-22T15:20:00",
            [
                item(
                    "Remaining time on Managed Odoo - Essentials (at $200.00 / year) after 22 Apr 2026",
                    2198,
                    year_from("2026-04-22"),
                )
            ],
            subscription_id=subscription_id("essentials"),
        ),
        _stripe(
            "site-04",
            "NXC-0011",
            DENTAL,
            "2026-04-27T15:20:00",
            [
                item(
                    "Remaining time on WordPress Website Hosting - Managed (at $50.00 / month) after 27 Apr 2026",
                    549,
                    APRIL,
                )
            ],
            subscription_id=subscription_id("site-dental"),
        ),
        _stripe("hosting-05", "NXC-0012", BAKERY, "2026-05-01T13:01:00", _hosting(None)),
        _stripe(
            "care-05",
            "NXC-0013",
            TRANSLATOR,
            "2026-05-01T13:05:00",
            [item("Managed WordPress Care (at $24.99 / month)", 2499, MAY)],
            subscription_id=subscription_id("care"),
        ),
        # The same subscription and period as the one before: together they are one row of the reconciliation.
        _stripe(
            "care-05-backup",
            "NXC-0014",
            TRANSLATOR,
            "2026-05-01T13:06:00",
            [item("Daily Backup Protection (first month included)", 0, MAY)],
            subscription_id=subscription_id("care"),
        ),
        _stripe(
            "compute-04",
            "NXC-0015",
            ROBOTICS,
            "2026-05-02T13:01:00",
            [
                item("Managed Odoo - Compute (at $100.00 / month)", 10000, APRIL),
                item("Managed Odoo CPU overage (115 core-hours)", 86, APRIL),
            ],
            subscription_id=subscription_id("compute"),
        ),
        _stripe(
            "zero-staging", "NXC-0016", BAKERY, "2026-05-03T13:01:00", [item("Odoo ERP Hosting (Staging, included)", 0)]
        ),
        _stripe(
            "forms-05",
            "NXC-0017",
            YOGA,
            "2026-05-27T13:01:00",
            [
                item("Forms Builder", 1900, MAY),
                item("Remaining time on Daily Backup Protection after 27 May 2026", 161, MAY),
                item("Remaining time on White Label after 23 May 2026", 1159, MAY),
            ],
        ),
        _stripe(
            "upgrade",
            "NXC-0018",
            PASTRY,
            "2026-05-27T14:10:00",
            [
                item("Unused time on Managed Odoo - Standard (at $49.99 / month) after 27 May 2026", -645),
                item("Remaining time on Managed Odoo - Premium (at $200.00 / month) after 27 May 2026", 2581),
                item("Managed Odoo onboarding package", 22975),
            ],
        ),
        _stripe(
            "training-again",
            "",
            LEGAL,
            "2026-05-31T17:30:00",
            [item("Data migration and on-site training", 18000)],
            status="draft",
            paid_at=None,
        ),
        _stripe(
            "draft-whatsapp",
            "",
            ROBOTICS,
            "2026-06-01T08:00:00",
            [item("WhatsApp Business Channel", 4300)],
            status="draft",
            paid_at=None,
        ),
    ]


def _as_cloud_says(n: int, invoice_: Invoice) -> Invoice:
    """NexaCloud's stamps: the day of the sync for a date, "paid" for nearly all, the moment of the sync for paid_at."""
    if invoice_.status == "draft":
        return replace(
            invoice_, cloud_created_at=LAST_SYNC_AT + timedelta(seconds=n), cloud_status="open", cloud_paid_at=None
        )
    at = SYNC_AT + timedelta(seconds=n // 10)  # many rows share a second
    if n % 9 == 4:
        return replace(invoice_, cloud_created_at=at, cloud_status="open", cloud_paid_at=None)
    return replace(invoice_, cloud_created_at=at, cloud_status="paid", cloud_paid_at=at)


def invoices() -> tuple[Invoice, ...]:
    """All 31, oldest first; the two drafts are the newest rows of NexaCloud."""
    return tuple(_as_cloud_says(n, i) for n, i in enumerate([*_from_lago(), *_from_stripe()]))
