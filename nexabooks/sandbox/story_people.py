"""The story's people, catalogue, deployments and usage. All invented; every company is in Ontario.

7 users, 232 plans, 87 subscriptions: NexaCloud once imported its whole catalogue and every subscription ever made, so
most of them are inactive (facts/nexacloud.md, "PostgreSQL schema"). Only the named ones below matter to the invoices.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from nexabooks.sandbox.making import month, stripe_id, uid, utc, year_from
from nexabooks.sandbox.world import (
    Addon,
    Deployment,
    DeploymentAddon,
    Plan,
    Subscription,
    UsageRecord,
    User,
)


def _user(
    key: str, email: str, full_name: str, company: str, street: str, city: str, postal: str, country: str, **more: str
) -> User:
    id = uid(f"user:{key}")
    values: dict[str, Any] = {
        "billing_address": street,
        "billing_city": city,
        "billing_state": "ON",
        "billing_postal_code": postal,
        "billing_country": country,
        "stripe_customer_id": stripe_id("cus", key),
        "lago_customer_id": uid(f"lago-customer:{key}"),
        "lago_external_id": id,  # the hosting group names its Lago customers by the NexaCloud user
    } | more
    return User(id, email, full_name, company, created_at=utc("2025-11-03T14:00"), **values)


BAKERY = _user(
    "bakery",
    "ines@alderfinch.example",
    "Inès Finch",
    "Alder & Finch Bakery Inc.",
    "12 Mill Street",
    "Toronto",
    "M5A 3C4",
    "CA",
    billing_email="accounts@alderfinch.example",
    tax_id="814201934RT0001",
)
DENTAL = _user(
    "dental",
    "office@borealdental.example",
    "Samuel Okafor",
    "Boreal Dental Clinic",
    "880 Bank Street",
    "Ottawa",
    "K1S 3W3",
    "Canada",
)
YOGA = _user(
    "yoga", "hello@cedarlane.example", "Priya Raman", "Cedar Lane Yoga", "5 Cedar Lane", "Guelph", "N1H 2V7", "canada"
)
LEGAL = _user(
    "legal",
    "m.dunlop@dunloplegal.example",
    "Morag Dunlop",
    "Dunlop Legal Services Professional Corporation",
    "201 King Street East",
    "Hamilton",
    "L8N 1B5",
    "CA",
    billing_email="Billing@DunlopLegal.example",
    tax_id="702884415RT0001",
)
PASTRY = _user(
    "pastry",
    "bonjour@eclair.example",
    "Zoé Tremblay",
    "Éclair Pâtisserie Ltd",
    "77 Rideau Street",
    "Ottawa",
    "K1N 5X8",
    "CA",
)
ROBOTICS = _user(
    "robotics",
    "ap@foundryrobotics.example",
    "Wei Zhang",
    "Foundry Robotics Inc.",
    "400 Weber Street N",
    "Waterloo",
    "N2J 3J3",
    "CAN",
)
# One person in two services: the chat service knows her under its own id, only the e-mail says that she is the same.
TRANSLATOR = _user(
    "translator",
    "Marta.Kowalczyk@lingua.example",
    "Marta Kowalczyk",
    "",
    "31 Dovercourt Road",
    "Toronto",
    "M6J 3C2",
    "CA",
    lago_external_id="chat-4417",
)
USERS = (BAKERY, DENTAL, YOGA, LEGAL, PASTRY, ROBOTICS, TRANSLATOR)

# name -> (product, monthly, yearly, cpu-seconds in the price)
_CATALOGUE: dict[str, tuple[str, str, str | None, int | None]] = {
    "Odoo ERP Hosting (Production)": ("odoo", "164.50", "1645.00", None),
    "WordPress Website Hosting - Managed": ("wordpress", "50.00", "500.00", None),
    "Managed Odoo - Standard": ("managed", "49.99", "499.90", None),
    "Managed Odoo - Premium": ("managed", "200.00", "2000.00", None),
    "Managed Odoo - Essentials": ("managed", "19.99", "200.00", None),
    "Managed Odoo - Enterprise": ("managed", "399.00", "3990.00", None),
    "Managed Odoo - Compute": ("managed", "100.00", "1000.00", 360_000),  # 100 core-hours
    "Managed WordPress Care": ("wordpress", "24.99", "249.90", 36_000_000),
}


def _plan_id(name: str) -> str:
    return uid(f"plan:{name}")


def plans() -> tuple[Plan, ...]:
    """232 plans: 8 that are sold, 224 left over from the import, of which every eighth still counts as active."""
    sold = [
        Plan(
            _plan_id(name),
            uid(f"product:{product}"),
            name,
            Decimal(monthly),
            Decimal(yearly) if yearly else None,
            quota,
            stripe_id("price", name),
        )
        for name, (product, monthly, yearly, quota) in _CATALOGUE.items()
    ]
    sizes = ("Nano", "Micro", "Small", "Medium", "Large", "XL", "2XL", "4XL")
    left_over = [
        Plan(
            _plan_id(f"legacy:{n}"),
            uid(f"product:legacy:{n // 8}"),
            f"VPS {sizes[n % 8]} generation {n // 8 + 1}",
            Decimal(5 + n % 8 * 4) + Decimal("0.99"),
            None if n % 5 == 0 else Decimal(50 + n % 8 * 40),
            18_000 * (n % 8 + 1) if n % 2 else None,
            "",
            is_active=n % 8 == 3,
        )
        for n in range(224)
    ]
    return (*sold, *left_over)


# The subscriptions that invoices name: key -> (user, plan, cycle, current period, billed by Stripe)
_NAMED = {
    "care": (TRANSLATOR, "Managed WordPress Care", "monthly", month("2026-05"), True),
    "compute": (ROBOTICS, "Managed Odoo - Compute", "monthly", month("2026-05"), True),
    "premium": (YOGA, "Managed Odoo - Premium", "monthly", month("2026-05"), False),
    "essentials": (PASTRY, "Managed Odoo - Essentials", "yearly", year_from("2026-04-22"), True),
    "site-translator": (TRANSLATOR, "WordPress Website Hosting - Managed", "monthly", month("2026-05"), False),
    "site-dental": (DENTAL, "WordPress Website Hosting - Managed", "monthly", month("2026-05"), True),
}
_OTHER_STATUSES = ("active",) * 25 + ("cancelled",) * 40 + ("past_due",) * 5 + ("trialing",) * 6 + ("paused",) * 5


def subscription_id(key: str) -> str:
    """The id of a named subscription, such as "compute"."""
    return uid(f"subscription:{key}")


def subscriptions() -> tuple[Subscription, ...]:
    """87 subscriptions: 31 active, 40 cancelled, 5 past due, 6 trialing, 5 paused."""
    named = [
        Subscription(
            subscription_id(key),
            user.id,
            uid(f"deployment:{key}"),
            _plan_id(plan),
            "active",
            cycle,
            *period,
            stripe_id("sub", key) if at_stripe else "",
        )
        for key, (user, plan, cycle, period, at_stripe) in _NAMED.items()
    ]
    others = []
    for n, status in enumerate(_OTHER_STATUSES):
        period = month("2026-05") if status != "cancelled" else month(f"2025-{n % 12 + 1:02d}")
        at_stripe = n % 7 == 5  # a few, so that Stripe's list has canceled ones to hide
        others.append(
            Subscription(
                subscription_id(f"legacy:{n}"),
                USERS[n % 7].id,
                uid(f"deployment:legacy:{n}"),
                _plan_id(f"legacy:{n * 2}"),
                status,
                "yearly" if n % 9 == 4 else "monthly",
                *period,
                stripe_id("sub", f"legacy:{n}") if at_stripe else "",
            )
        )
    return (*named, *others)


def deployments() -> tuple[Deployment, ...]:
    """One deployment a subscription, and two that were never subscribed."""
    by_id = {p.id: p for p in plans()}
    users = {u.id: u for u in USERS}
    made = [
        Deployment(
            s.deployment_id or "",
            s.user_id,
            by_id[s.plan_id].product_id,
            s.plan_id,
            f"{users[s.user_id].email.split('@')[0].lower()}-{n:02d}",
            "running" if s.status in ("active", "trialing", "past_due") else "stopped",
            s.billing_cycle,
            s.current_period_end.date() if s.status == "active" else None,
        )
        for n, s in enumerate(subscriptions(), 1)
    ]
    sandboxes = [
        Deployment(
            uid(f"deployment:trial:{n}"),
            BAKERY.id,
            uid("product:odoo"),
            _plan_id("Odoo ERP Hosting (Production)"),
            f"trial-{n}",
            "deleted",
        )
        for n in (1, 2)
    ]
    return (*made, *sandboxes)


def usage_records() -> tuple[UsageRecord, ...]:
    """CPU by the half month. "compute" used 215 core-hours in April: 115 above its quota, worth 0.8625 at 0.0075."""
    april, may, june = month("2026-04")[0], month("2026-05")[0], month("2026-05")[1]
    mid_april, mid_may = utc("2026-04-15T04:00"), utc("2026-05-16T04:00")

    def record(key: str, n: int, start: datetime, end: datetime, hours: str) -> UsageRecord:
        return UsageRecord(
            uid(f"usage:{key}:{n}"),
            subscription_id(key),
            start,
            end,
            Decimal(hours),
            ram_gb_hours=Decimal("1488.5"),
            disk_gb_hours=Decimal(36000),
            bandwidth_gb=Decimal("42.125"),
        )

    return (
        record("compute", 1, april, mid_april, "97.25"),
        record("compute", 2, mid_april, may, "117.75"),
        # The first of May's records starts on the very edge of April: half-open periods keep it out of April.
        record("compute", 3, may, mid_may, "88.5"),
        record("compute", 4, mid_may, june, "11.5"),
        record("care", 1, may, mid_may, "310.2"),
        record("care", 2, mid_may, june, "295.75"),
        record("premium", 1, month("2026-03")[0], april, "12"),
        record("site-dental", 1, april, may, "3.333333"),
        *(record(f"legacy:{n}", 1, may, june, f"{n}.5") for n in range(12)),
    )


ADDONS = tuple(
    Addon(uid(f"addon:{name}"), name, Decimal(price), is_active)
    for name, price, is_active in (
        ("Daily Backup Protection", "9.99", True),
        ("WhatsApp Business Channel", "43.00", True),
        ("Forms Builder", "19.00", True),
        ("White Label", "49.00", True),
        ("Fax Gateway", "12.00", False),
    )
)


def deployment_addons() -> tuple[DeploymentAddon, ...]:
    """Who uses which add-on."""
    used = (
        ("compute", 0),
        ("site-dental", 0),
        ("site-dental", 1),
        ("premium", 2),
        ("premium", 3),
        ("essentials", 1),
        ("care", 0),
    )
    return tuple(
        DeploymentAddon(
            uid(f"deployment-addon:{key}:{n}"), uid(f"deployment:{key}"), ADDONS[n].id, 2 if key == "essentials" else 1
        )
        for key, n in used
    )
